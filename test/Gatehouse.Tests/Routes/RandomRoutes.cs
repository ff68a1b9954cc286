using CsCheck;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Tests.Routes;

/// <summary>Random tables and requests over so few words that they meet all the time.</summary>
internal static class RandomRoutes
{
    private static readonly Gen<string> Method = Gen.OneOf("GET", "GET", "GET", "POST", "HEAD");

    private static readonly Gen<string> Template = Gen.Select(
        Gen.OneOf("a", "b", "ab", "a%20b", "{}", "{}", "a{}", "{}b", "ab{}", "{}ab", "a{}b", "{}0", "a{}0", "{}%20").Array[0, 3],
        Gen.OneOf("", "/", "/{**}"),
        (segments, end) => Name(segments.Length == 0 && end.Length == 0 ? "/" : string.Concat(segments.Select(s => "/" + s)) + end));

    private static readonly Gen<string> Conditions = Gen.Frequency(
        (6, Gen.Const("")),
        (4, Gen.OneOf("@h1", "@h2", "@h1 @h2", "X:1", "X:2", "Y:1", "?q=1", "?q=2", "?p=%").Array[1, 3].Select(Consistent)));

    private static readonly Gen<string> Path = Gen.OneOf("a", "b", "c", "ab", "aab", "abb", "axb", "acab", "a%20b", "a%20", "x0", "x", "")
        .Array[1, 4].Select(segments => "/" + string.Join('/', segments.Where((s, i) => s.Length > 0 || i == segments.Length - 1)));

    private static readonly Gen<string> Query = Gen.OneOf("", "", "q=1", "%71=1", "q=2", "q=1&q=1", "q=2&p=%25", "p=%", "x")
        .Select(q => q.Length == 0 ? "" : "?" + q);

    private static readonly Gen<string> Fields = Gen.OneOf("", "", "X:1", "X:2", "X:1 X:1", "Y:1", "X:1 Y:1", "x:2 Y:1");

    public static readonly Gen<Route[]> Table = Gen.Select(Method, Template, Conditions, (m, t, c) => RouteText.Route($"{m} {t} {c}")).Array[1, 8];

    public static readonly Gen<Exchange> Request = Gen.Select(Method, Path, Query, Gen.OneOf("@h1", "@h2", "@h3"), Fields,
        (m, p, q, h, f) => RouteText.Request($"{m} {p}{q} {h} {f}"));

    /// <summary>Gives every pair of braces a name of its own.</summary>
    private static string Name(string template)
    {
        var parts = template.Split('{');
        return parts[0] + string.Concat(parts.Skip(1).Select((part, i) => $"{{n{i}{part}"));
    }

    /// <summary>One value for a name; hosts may be several.</summary>
    private static string Consistent(string[] words) =>
        string.Join(' ', string.Join(' ', words).Split(' ').DistinctBy(w => w[0] == '@' ? w : w[..2]));
}
