using System.Collections.Frozen;

namespace Gatehouse.Consumers;

/// <summary>
/// The top-level claims of a token (RFC 7519 section 4) as texts: a string, number or boolean as one, an array of these as several. Objects are left
/// out.
/// </summary>
internal sealed class TokenClaims(IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> claims)
{
    private readonly FrozenDictionary<string, IReadOnlyList<string>> _claims = claims.ToFrozenDictionary(StringComparer.Ordinal);

    public static TokenClaims None { get; } = new([]);

    /// <summary>The values of a claim, in the order of the token; empty when it is not there.</summary>
    public IReadOnlyList<string> this[string name] => _claims.TryGetValue(name, out var values) ? values : [];

    /// <summary>Whether a claim has this value, compared character by character.</summary>
    public bool Have(string name, string value)
    {
        var values = this[name];
        for (var i = 0; i < values.Count; i++)
            if (string.Equals(values[i], value, StringComparison.Ordinal)) return true;
        return false;
    }
}
