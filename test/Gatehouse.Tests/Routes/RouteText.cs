using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Routes;

/// <summary>
/// Routes and requests on one line each: <c>GET /orders/{id} @shop.example X-Mode:fast ?state=open</c>. A word with an at sign is a host, one with a
/// question mark a query parameter, one with a colon a header field; a request's query belongs to its target.
/// </summary>
internal static class RouteText
{
    private static readonly PolicyHarness Harness = new();

    public static Route Route(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(PathTemplate.TryParse(words[1], out var path, out var why), $"{words[1]}: {why}");
        var match = new RouteMatch(
            words[0],
            path,
            [.. words[2..].Where(w => w[0] == '@').Select(w => w[1..])],
            [.. words[2..].Where(w => w[0] is not ('@' or '?')).Select(w => Condition(w, ':'))],
            [.. words[2..].Where(w => w[0] == '?').Select(w => Condition(w[1..], '='))]);
        return Route(match, text);
    }

    public static Route Route(RouteMatch match, string id) => new()
    {
        Id = new RouteId(id),
        Owner = "orders@example.test",
        Purpose = "testing",
        Exposure = Exposure.Public,
        Effect = Effect.Read,
        PersonalData = PersonalData.None,
        Match = match,
        Access = new Access { Anonymous = "a test" },
        Upstream = "orders",
        Deadline = null,
        Upgrade = null,
        Waivers = [],
        Specs = new Dictionary<string, object>(),
        Place = new Place("test.yaml", 1, 1),
    };

    public static Exchange Request(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var headers = words[2..].Where(w => w[0] != '@').Select(w => Condition(w, ':')).Select(c => (c.Name, c.Value)).ToArray();
        var exchange = Harness.Exchange(words[0], words[1], headers: headers);
        exchange.Host = words[2..].FirstOrDefault(w => w[0] == '@')?[1..] ?? "localhost";
        return exchange;
    }

    /// <summary>Turns the example of a clash into a request.</summary>
    public static Exchange RequestOf(RouteClash clash)
    {
        var words = clash.Example.Replace(" with ", " ", StringComparison.Ordinal)
            .Replace(" and ", " ", StringComparison.Ordinal)
            .Replace(": ", ":", StringComparison.Ordinal)
            .Split(' ');
        if (words[1].StartsWith('/')) return Request(string.Join(' ', words));
        var url = words[1]["http://".Length..];
        var slash = url.IndexOf('/', StringComparison.Ordinal);
        return Request(string.Join(' ', [words[0], url[slash..], "@" + url[..slash], .. words[2..]]));
    }

    private static Condition Condition(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return new Condition(text[..at], text[(at + 1)..]);
    }
}
