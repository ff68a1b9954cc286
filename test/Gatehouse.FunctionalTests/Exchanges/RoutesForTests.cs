using System.Globalization;

namespace Gatehouse.FunctionalTests.Exchanges;

/// <summary>Further routes for a small declaration.</summary>
internal static class RoutesForTests
{
    /// <summary>A POST that changes nothing: its body is streamed.</summary>
    public const string Search =
        """

              search-things:
                match: POST /search/{id}
                exposure: public
                effect: read
                personalData: none
                body: { max: 200MiB }
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
                waive: [ WAIVER-OF-SIZE ]
        """;

    public const string SmallSearch =
        """

              search-little:
                match: POST /little/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
        """;

    /// <summary>A write: its body is whole before a backend hears of it.</summary>
    public const string Write =
        """

              write-thing:
                match: POST /things/{id}
                exposure: public
                effect: write
                personalData: none
                consequence: a test fails
                backendChecks: object
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
                waive: [ WAIVER-OF-CALLERS ]
        """;

    public const string WebSocket =
        """

              talk:
                match: GET /talk/{id}
                exposure: public
                effect: read
                personalData: none
                upgrade: websocket
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
        """;

    /// <summary>A route that may be called twice.</summary>
    public const string Few =
        """

              get-few:
                match: GET /few/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 2, every: 31d } ]
        """;

    /// <summary>A consumer whose key nobody has, for the top of a declaration; the pepper is a file beside it.</summary>
    public static string Shop =>
        $$"""
        consumers:
          shop:
            kind: application
            owner: tests@retailer.example
            grants: [things.read]
            authenticate: [ { apiKey: { id: k7f3abcd, hash: "hmac-sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", expires: {{Until}} } } ]
        keys: { pepper: "file:pepper" }
        """;

    private static string Until => TimeProvider.System.GetUtcNow().AddDays(100).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>The routes in one text, with waivers that hold now.</summary>
    public static string Of(params string[] routes)
    {
        var until = Until;
        return string.Concat(routes).Replace("WAIVER-OF-SIZE", Waiver("GH1030"), StringComparison.Ordinal)
            .Replace("WAIVER-OF-CALLERS", Waiver("GH1002"), StringComparison.Ordinal);

        string Waiver(string rule) => $"{{ rule: {rule}, reason: a test, owner: tests@retailer.example, until: {until} }}";
    }
}
