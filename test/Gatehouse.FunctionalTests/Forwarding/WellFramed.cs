using System.Globalization;
using System.Text;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>Reads all that came over a connection as RFC 9112 writes it, and nothing else.</summary>
internal static class WellFramed
{
    /// <summary>Asserts that the bytes are exactly one answer: a head of proper lines, and a body that ends where the bytes do.</summary>
    public static void AssertOne(byte[] bytes) => Assert.True(IsWhole(bytes), Encoding.Latin1.GetString(bytes));

    /// <summary>Asserts that the bytes are one answer, or the beginning of one of which everybody can see that its end is missing.</summary>
    public static void AssertOneOrCut(byte[] bytes)
    {
        if (bytes.Length > 0) IsWhole(bytes);
    }

    /// <summary>Whether the one answer is there to its end. Throws for what is none.</summary>
    private static bool IsWhole(byte[] bytes)
    {
        var text = Encoding.Latin1.GetString(bytes);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        Assert.True(end > 0, $"no head: {text}");
        var lines = text[..end].Split("\r\n");
        Assert.Matches("^HTTP/1\\.1 [2-5][0-9][0-9] [\\t -~]*$", lines[0]);
        foreach (var line in lines[1..]) Assert.Matches("^[!#-'*+.0-9A-Z^-z|~-]+: [\\t -~\u0080-\u00ff]*$", line);
        var (lengths, codings) = (Values(lines, "Content-Length"), Values(lines, "Transfer-Encoding"));
        var body = text[(end + 4)..];
        if (lines[0].Contains(" 204 ", StringComparison.Ordinal) || lines[0].Contains(" 304 ", StringComparison.Ordinal))
        {
            Assert.Equal("", body);
            return true;
        }

        Assert.True(lengths.Count + codings.Count == 1, text);
        if (codings.Count == 1) return AreChunksWhole(codings[0], body);
        var length = int.Parse(lengths[0], NumberStyles.None, CultureInfo.InvariantCulture);
        Assert.True(body.Length <= length, text);
        return body.Length == length;
    }

    private static bool AreChunksWhole(string coding, string body)
    {
        Assert.Equal("chunked", coding);
        while (true)
        {
            var end = body.IndexOf("\r\n", StringComparison.Ordinal);
            if (end < 0) return false;
            Assert.Matches("^[0-9a-fA-F]{1,8}$", body[..end]);
            var size = int.Parse(body[..end], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            body = body[(end + 2)..];
            if (size == 0) return body == "\r\n" || AreTrailers(body);
            if (body.Length < size + 2) return false;
            Assert.Equal("\r\n", body.Substring(size, 2));
            body = body[(size + 2)..];
        }
    }

    private static bool AreTrailers(string text)
    {
        if (!text.EndsWith("\r\n\r\n", StringComparison.Ordinal)) return false;
        foreach (var line in text[..^4].Split("\r\n")) Assert.Matches("^[!#-'*+.0-9A-Z^-z|~-]+: [\\t -~\u0080-\u00ff]*$", line);
        return true;
    }

    private static List<string> Values(string[] lines, string name) =>
        [.. lines.Where(l => l.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase)).Select(l => l[(name.Length + 2)..])];
}
