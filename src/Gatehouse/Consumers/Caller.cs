using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Consumers;

/// <summary>
/// Who calls, as far as credentials prove it, and for whom. Made once for a credential and used by every exchange that presents it: immutable, but
/// for a note of where it came from first.
/// </summary>
internal sealed class Caller
{
    private ulong _firstFrom;
    private int _isTold;

    public required Consumer Consumer { get; init; }

    /// <summary>What proved it, in the words of the declaration: <c>apiKey</c>, <c>token</c>, <c>certificate</c>, or several joined by a plus
    /// sign.</summary>
    public required string CredentialKind { get; init; }

    /// <summary>By which the credential is named in logs: never a secret.</summary>
    public required string CredentialId { get; init; }

    /// <summary>What this call may ask for: the consumer's grants for a key or a certificate; for a token its scopes, cut down to the grants where
    /// there are any.</summary>
    public required IReadOnlySet<Scope> Scopes { get; init; }

    /// <summary>The person whom the caller speaks for; null when it speaks for itself.</summary>
    public Person? Person { get; init; }

    /// <summary>The declared people that the person is one of, by name; empty without a person.</summary>
    public IReadOnlyList<string> People
    {
        get;
        init
        {
            field = value;
            PeopleText = value.Count == 0 ? null : string.Join(',', value);
        }
    }
    = [];

    /// <summary>The same as one text, for the log; null without a person.</summary>
    public string? PeopleText { get; private init; }

    /// <summary>Who acts, where the token says that one acts for another (RFC 8693 section 4.1): the current actor first.</summary>
    public IReadOnlyList<string> Actors { get; init; } = [];

    /// <summary>What the token says of its subject; empty without a token.</summary>
    public TokenClaims Claims { get; init; } = TokenClaims.None;

    /// <summary>The first instant at which what proved it does not hold any more, leeway included; null when nobody knows.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>The names of <see cref="Scopes"/> in ordinal order.</summary>
    public string[] ScopesInOrder()
    {
        var scopes = new string[Scopes.Count];
        var count = 0;
        foreach (var scope in Scopes) scopes[count++] = scope.Value;
        Array.Sort(scopes, StringComparer.Ordinal);
        return scopes;
    }

    /// <summary>Whether the credential comes from another network than at first. True once.</summary>
    /// <param name="network">Not 0.</param>
    public bool IsNowElsewhere(ulong network)
    {
        var first = Interlocked.CompareExchange(ref _firstFrom, network, 0);
        return first != 0 && first != network && Interlocked.Exchange(ref _isTold, 1) == 0;
    }

    /// <summary>Everything that is said of this caller, as one value.</summary>
    public CallerIdentity Identity => field ??= CallerIdentity.Of(this);
}

/// <summary>A person whom callers speak for.</summary>
/// <param name="Issuer">The issuer's name in the declaration: a subject means something only together with who says it.</param>
/// <param name="Subject">The token's <c>sub</c>: personal, and never for a log.</param>
internal sealed record Person(string Issuer, string Subject)
{
    /// <summary>Stands for the person where calls are counted: a digest, of a bounded length and without the subject.</summary>
    public string Key { get; } =
        Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"{Issuer}\n{Subject}"))); // no name has a line end

    /// <summary>Nothing of a person is shown by accident.</summary>
    public override string ToString() => $"a person of {Issuer}";
}
