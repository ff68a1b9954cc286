using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Hosting;

/// <summary>A declaration of one route, <c>GET /orders/{id}</c>, for callers who prove themselves.</summary>
internal sealed record OrdersDeclaration(FakeUpstream Upstream)
{
    /// <summary>An issuer, and what it is known for.</summary>
    public const string Issuer =
        """id: { issuer: "https://id.retailer.example", audiences: [retailer-apis], algorithms: [ES256], keys: { file: keys.json } }""";

    /// <summary>Who proves itself, and with what: lines at the top of the declaration.</summary>
    public string Who { get; init; } = ByToken(Issuer, people: true);

    public string Access { get; init; } = "consumers: [web-shop], people: [customers], scopes: [orders.read]";

    /// <summary>More keys of the listener, each with a comma before it.</summary>
    public string MoreOfListener { get; init; } = "";

    /// <summary>The web shop, which comes with tokens of one issuer.</summary>
    public static string ByToken(string issuer, bool people) =>
        $$"""
        issuers:
          {{issuer}}
        {{(people ? "people: { customers: { issuer: id } }" : "")}}
        consumers:
          web-shop: { kind: application, owner: o@retailer.example, authenticate: [ { token: { issuer: id, clientId: web-shop } } ] }
        """;

    public static implicit operator string(OrdersDeclaration declaration) => declaration.ToString();

    public override string ToString() =>
        $$"""
        gatehouse: v1
        gateway: { name: test, owner: tests@retailer.example, environment: test }
        listeners:
          edge: { address: "127.0.0.1:0", serves: [public]{{MoreOfListener}} }
        administration: { address: "127.0.0.1:0" }
        {{Who}}
        upstreams:
          orders: { destinations: ["{{Upstream.Address.GetLeftPart(UriPartial.Authority)}}"] }
        apis:
          orders:
            owner: orders@retailer.example
            purpose: Orders for tests
            upstream: orders
            routes:
              get-order:
                match: GET /orders/{id}
                exposure: public
                effect: read
                personalData: none
                access: { {{Access}} }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
        """;
}
