using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Gatehouse.FunctionalTests.Intake;

/// <summary>
/// What a client meant: its bytes, read as RFC 9112 writes requests and in no other way, by a reader that shares nothing with the gateway. Text is
/// Latin-1.
/// </summary>
/// <param name="Target">As it has to be forwarded: path and query alone, the path in its normal form (RFC 3986 section 6.2.2).</param>
internal sealed partial record MeantRequest(string Method, string Target, byte[] Body)
{
    /// <summary>One request after the other, up to the first that is none.</summary>
    public static IReadOnlyList<MeantRequest> Read(byte[] bytes)
    {
        var text = Encoding.Latin1.GetString(bytes);
        var meant = new List<MeantRequest>();
        for (var at = 0; ReadOne(text, ref at) is { } request;) meant.Add(request);
        return meant;
    }

    private static MeantRequest? ReadOne(string text, ref int at)
    {
        while (string.CompareOrdinal(text, at, "\r\n", 0, 2) == 0) at += 2; // RFC 9112 section 2.2
        var end = text.IndexOf("\r\n\r\n", at, StringComparison.Ordinal);
        if (end < 0) return null;
        var lines = text[at..end].Split("\r\n");
        at = end + 4;
        var parts = lines[0].Split(' ');
        if (parts.Length != 3) return null;
        var fields = new List<(string Name, string Value)>();
        foreach (var line in lines[1..])
        {
            if (Field().Match(line) is not { Success: true } field) return null;
            fields.Add((field.Groups[1].Value.ToLowerInvariant(), field.Groups[2].Value.Trim(' ', '\t')));
        }

        var lengths = fields.Where(f => f.Name == "content-length").Select(f => f.Value).ToList();
        var codings = fields.Where(f => f.Name == "transfer-encoding").Select(f => f.Value).ToList();
        if (lengths.Count + codings.Count > 1) return null;
        var body = codings.Count == 1 ? ReadChunks(text, ref at) : lengths.Count == 1 ? Take(text, ref at, lengths[0], NumberStyles.None) : "";
        return body is null ? null : new MeantRequest(parts[0], TargetOf(parts[1]), Encoding.Latin1.GetBytes(body));
    }

    private static string? ReadChunks(string text, ref int at)
    {
        var body = new StringBuilder();
        while (true)
        {
            var end = text.IndexOf("\r\n", at, StringComparison.Ordinal);
            if (end < 0) return null;
            var size = text[at..end].Split(';')[0];
            at = end + 2;
            if (Take(text, ref at, size, NumberStyles.AllowHexSpecifier) is not { } chunk) return null;
            if (chunk.Length == 0) break;
            body.Append(chunk);
            if (Take(text, ref at, "2", NumberStyles.None) != "\r\n") return null;
        }

        while (true)
        {
            var end = text.IndexOf("\r\n", at, StringComparison.Ordinal);
            if (end < 0) return null;
            var trailer = text[at..end];
            at = end + 2;
            if (trailer.Length == 0) return body.ToString();
        }
    }

    private static string? Take(string text, ref int at, string length, NumberStyles style)
    {
        if (!int.TryParse(length, style, CultureInfo.InvariantCulture, out var count) || count < 0 || count > text.Length - at) return null;
        at += count;
        return text[(at - count)..at];
    }

    private static string TargetOf(string target)
    {
        var path = Absolute().Replace(target, "");
        if (!path.StartsWith('/')) path = "/" + path;
        var question = path.IndexOf('?', StringComparison.Ordinal);
        var query = question < 0 ? "" : path[question..];
        if (question >= 0) path = path[..question];
        return Encoded().Replace(path, Normal) + query;
    }

    private static string Normal(Match encoded)
    {
        var octet = (char)int.Parse(encoded.Groups[1].Value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        var standsForItself = char.IsAsciiLetterOrDigit(octet) || "-._~!$&'()*,=:@".Contains(octet, StringComparison.Ordinal);
        return standsForItself ? octet.ToString() : encoded.Value.ToUpperInvariant();
    }

    [GeneratedRegex("^([!#-'*+.0-9A-Z^-z|~-]+):(.*)$", RegexOptions.Singleline)]
    private static partial Regex Field();

    [GeneratedRegex("^[A-Za-z]+://[^/?]*")]
    private static partial Regex Absolute();

    [GeneratedRegex("%([0-9A-Fa-f]{2})")]
    private static partial Regex Encoded();
}
