using System.Text.Json;

namespace Gatehouse.Consumers;

/// <summary>
/// The top-level claims of a token (RFC 7519 section 4) as texts: a string, number or boolean as one, an array of these as several. Objects are left
/// out. They are read when somebody asks: most tokens are not asked for any.
/// </summary>
internal sealed class TokenClaims
{
    private readonly byte[] _json;

    private TokenClaims(byte[] json) => _json = json;

    public static TokenClaims None { get; } = new("{}"u8.ToArray());

    private Dictionary<string, IReadOnlyList<string>> All => field ??= Read(_json);

    /// <summary>The values of a claim, in the order of the token; empty when it is not there.</summary>
    public IReadOnlyList<string> this[string name] => All.TryGetValue(name, out var values) ? values : [];

    /// <summary>The claims of a JSON object that was verified, with no name twice.</summary>
    /// <exception cref="InvalidOperationException">A text is not Unicode: half of a surrogate pair.</exception>
    /// <param name="json">It is kept, and must not change.</param>
    public static TokenClaims Of(byte[] json)
    {
        var claims = new TokenClaims(json);
        if (json.AsSpan().IndexOf("\\u"u8) >= 0) _ = claims.All; // only so can a text be written that is not Unicode
        return claims;
    }

    /// <summary>Whether a claim has this value, compared character by character.</summary>
    public bool Have(string name, string value)
    {
        var values = this[name];
        for (var i = 0; i < values.Count; i++)
            if (string.Equals(values[i], value, StringComparison.Ordinal)) return true;
        return false;
    }

    private static Dictionary<string, IReadOnlyList<string>> Read(byte[] json)
    {
        var all = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        using var document = JsonDocument.Parse(json);
        foreach (var claim in document.RootElement.EnumerateObject())
            if (TextsOf(claim.Value) is { } texts) all[claim.Name] = texts;
        return all;
    }

    private static List<string>? TextsOf(JsonElement value)
    {
        if (TextOf(value) is { } one) return [one];
        if (value.ValueKind != JsonValueKind.Array) return null;
        var texts = new List<string>(value.GetArrayLength());
        foreach (var item in value.EnumerateArray())
            if (TextOf(item) is { } text) texts.Add(text);
        return texts;
    }

    private static string? TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };
}
