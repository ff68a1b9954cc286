using System.Collections.Frozen;

namespace Gatehouse.Tokens;

/// <summary>What the declaration revokes of one issuer. Looked at each time a token is presented, remembered or not.</summary>
internal sealed class RevokedTokens(IReadOnlyList<Revocation> revoked)
{
    private readonly FrozenSet<string>? _tokens = Of(revoked, RevokedBy.Token);
    private readonly FrozenSet<string>? _subjects = Of(revoked, RevokedBy.Subject);
    private readonly FrozenSet<string>? _clients = Of(revoked, RevokedBy.Client);

    public bool Have(VerifiedToken token) =>
        Have(_tokens, token.TokenId) || Have(_subjects, token.Subject) || Have(_clients, token.ClientId);

    private static bool Have(FrozenSet<string>? values, string? value) => values is not null && value is not null && values.Contains(value);

    private static FrozenSet<string>? Of(IReadOnlyList<Revocation> revoked, RevokedBy by)
    {
        var values = revoked.Where(r => r.By == by).Select(r => r.Value).ToFrozenSet(StringComparer.Ordinal);
        return values.Count == 0 ? null : values;
    }
}
