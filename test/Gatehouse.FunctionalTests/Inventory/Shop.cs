using System.Globalization;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Consumers;

namespace Gatehouse.FunctionalTests.Inventory;

/// <summary>A declaration with listeners for every exposure, and routes that overlap, end, have ended, and let different callers through.</summary>
internal sealed class Shop
{
    public const string Pepper = "0123456789abcdef0123456789abcdef";

    private static readonly string Soon = TimeProvider.System.GetUtcNow().AddDays(100).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>The keys of the consumers, by name.</summary>
    public IReadOnlyDictionary<string, NewApiKey> Keys { get; } =
        ((string[])["web-shop", "newsletter", "acme", "operator"]).ToDictionary(name => name, _ => ApiKeyText.Create(), StringComparer.Ordinal);

    public string Declaration(Uri orders, Uri stock) =>
        $$"""
        gatehouse: v1
        gateway: { name: shop, owner: tests@retailer.example, environment: test }
        listeners:
          edge: { address: "127.0.0.1:0", serves: [public] }
          inside: { address: "127.0.0.1:0", serves: [public, internal] }
          partners: { address: "127.0.0.1:0", serves: [partner] }
          back: { address: "127.0.0.1:0", serves: [administrative] }
        administration: { address: "127.0.0.1:0" }
        keys: { pepper: "file:pepper" }
        consumers:
          web-shop: { kind: application, owner: digital@retailer.example, grants: [orders.read, orders.write], authenticate: {{Key("web-shop")}} }
          newsletter: { kind: application, owner: marketing@retailer.example, grants: [offers.read], authenticate: {{Key("newsletter")}} }
          acme: { kind: partner, owner: partners@retailer.example, grants: [documents.read], authenticate: {{Key("acme")}} }
          operator: { kind: service, owner: operations@retailer.example, grants: [stock.rebuild], authenticate: {{Key("operator")}} }
        upstreams:
          orders: { destinations: ["{{orders.GetLeftPart(UriPartial.Authority)}}"] }
          stock: { destinations: ["{{stock.GetLeftPart(UriPartial.Authority)}}"] }
        apis:
          orders:
            owner: orders@retailer.example
            purpose: Orders
            upstream: orders
            each:
              personalData: none
              backendChecks: object
              consequence: A test fails
              limits: [ { per: all, allow: 1000000, every: 1s } ]
              access: { consumers: [web-shop, newsletter], scopes: [orders.read] }
            routes:
              list-orders: { match: GET /orders, exposure: internal, effect: read }
              recent: { match: GET /orders/recent, exposure: internal, effect: read, access: { consumers: [newsletter] } }
              get-order: { match: "GET /orders/{orderId}", exposure: public, effect: read }
              get-order-as-text: { match: "GET /orders/{orderId}.txt", exposure: public, effect: read, access: { anonymous: a test } }
              change-order:
                match: PATCH /orders/{orderId}
                exposure: public
                effect: write
                access: { consumers: [web-shop], scopes: [orders.write] }
                waive: [ { rule: GH1003, reason: a test, owner: tests@retailer.example, until: {{Soon}} } ]
              old-order: { match: "GET /v1/orders/{orderId}", exposure: public, effect: read, lifecycle: { deprecated: 2026-01-01, sunset: 2099-01-01, successor: get-order } }
              oldest-order: { match: "GET /v0/orders/{orderId}", exposure: public, effect: read, lifecycle: { deprecated: 2025-01-01, sunset: 2026-01-01, successor: get-order } }
              get-document: { match: "GET /documents/{path**}", exposure: partner, effect: read, access: { consumers: [acme], scopes: [documents.read] } }
          stock:
            owner: stock@retailer.example
            purpose: Stock
            upstream: stock
            each: { personalData: none, limits: [ { per: all, allow: 1000000, every: 1s } ] }
            routes:
              get-stock: { match: "GET /stock/{article}", exposure: public, effect: read, access: { anonymous: a test } }
              head-stock: { match: "HEAD /stock/{article}", exposure: internal, effect: read, access: { consumers: [web-shop] } }
              rebuild:
                match: POST /stock/rebuild
                exposure: administrative
                effect: action
                backendChecks: service
                consequence: A test fails
                access: { consumers: [operator], scopes: [stock.rebuild] }
                waive: [ { rule: GH1003, reason: a test, owner: tests@retailer.example, until: {{Soon}} } ]

        """;

    private string Key(string consumer)
    {
        var hash = ApiKeyHash.Write(new Secret("file:pepper", Encoding.ASCII.GetBytes(Pepper)), Keys[consumer]);
        return $"[ {{ apiKey: {{ id: {Keys[consumer].Id}, hash: \"{hash}\", expires: {Soon} }} }} ]";
    }
}
