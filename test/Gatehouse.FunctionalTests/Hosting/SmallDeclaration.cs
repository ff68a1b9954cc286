namespace Gatehouse.FunctionalTests.Hosting;

/// <summary>A declaration with one anonymous route, and places to change.</summary>
internal sealed record SmallDeclaration(Uri Destination)
{
    public string Route { get; init; } = "get-thing";

    public string Listener { get; init; } = """address: "127.0.0.1:0", serves: [public]""";

    public string Health { get; init; } = "";

    public string Administration { get; init; } = "127.0.0.1:0";

    public string Drain { get; init; } = "announce: 0s, finish: 10s";

    /// <summary>One more line of the route.</summary>
    public string MoreOfRoute { get; init; } = "";

    /// <summary>The version of HTTP that the destination speaks.</summary>
    public string Protocol { get; init; } = "http1";

    /// <summary>More keys of the upstream.</summary>
    public string MoreOfUpstream { get; init; } = "";

    /// <summary>More of the declaration, at its top.</summary>
    public string More { get; init; } = "";

    /// <summary>Text of further routes, indented as routes are.</summary>
    public string MoreRoutes { get; init; } = "";

    public static implicit operator string(SmallDeclaration declaration) => declaration.ToString();

    public override string ToString() =>
        $$"""
        gatehouse: v1
        gateway: { name: test, owner: tests@retailer.example, environment: test }
        listeners:
          edge: { {{Listener}} }
        administration: { address: "{{Administration}}" }
        {{(Health.Length == 0 ? "" : $$"""health: { address: "{{Health}}" }""")}}
        drain: { {{Drain}} }{{(More.Length == 0 ? "" : Environment.NewLine + More)}}
        upstreams:
          things: { destinations: ["{{Destination.GetLeftPart(UriPartial.Authority)}}"], protocol: {{Protocol}}{{MoreOfUpstream}} }
        apis:
          things:
            owner: things@retailer.example
            purpose: Things for tests
            upstream: things
            routes:
              {{Route}}:
                match: GET /things/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
                response: { headers: { set: { X-Route: {{Route}} } } }
                {{MoreOfRoute}}
        """ + MoreRoutes;
}
