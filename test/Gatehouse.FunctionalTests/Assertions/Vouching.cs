using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Gatehouse.FunctionalTests.Assertions;

/// <summary>
/// A gateway that vouches for its callers. Persons come by tokens, which other tests are about: here <c>Test-Person</c> names one (<c>-</c> for
/// none), <c>Test-Issuer</c> another issuer than the customers', <c>Test-Consumer</c> another program than the shop, and <c>Test-Actors</c> those
/// who act for the person.
/// </summary>
internal sealed class Vouching : IAsyncDisposable
{
    public const string Issuer = "https://gateway.in.retailer.example";
    public const string KeysPath = "/.well-known/gatehouse/keys";

    private Vouching(TestGateway gateway) => Gateway = gateway;

    public TestGateway Gateway { get; }

    public HttpClient Edge => Gateway.Client("edge");

    public Uri KeysUrl => new($"http://127.0.0.1:{Gateway.AddressOf("inside").Port}{KeysPath}");

    public static string NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem();
    }

    /// <param name="files">Keys by name; the first signs.</param>
    /// <param name="inside">The port where the keys are published; 0 for any.</param>
    /// <param name="http2">Whether HTTP/2 is spoken on both sides.</param>
    public static async Task<Vouching> StartAsync(Uri orders, IReadOnlyDictionary<string, string>? files = null, bool http2 = false, int inside = 0)
    {
        files ??= new Dictionary<string, string> { ["a.pem"] = NewKey() };
        var declaration = Declaration(orders, [.. files.Keys])
            .Replace("inside: { address: \"127.0.0.1:0\"", $"inside: {{ address: \"127.0.0.1:{inside}\"", StringComparison.Ordinal);
        if (http2)
            declaration = declaration.Replace("serves: [public]", "serves: [public], protocols: [http2]", StringComparison.Ordinal)
                .Replace("\"] }", "\"], protocol: http2 }", StringComparison.Ordinal);
        return new Vouching(await TestGateway.StartAsync(declaration, files, kinds: [new PersonKind(), .. PolicyCatalog.AfterRoute]));
    }

    public static string Declaration(Uri orders, params string[] keys) =>
        $$"""
        gatehouse: v1
        gateway: { name: front-door, owner: tests@retailer.example, environment: test }
        listeners:
          edge: { address: "127.0.0.1:0", serves: [public] }
          inside: { address: "127.0.0.1:0", serves: [internal] }
        administration: { address: "127.0.0.1:0" }
        drain: { announce: 0s, finish: 10s }
        assertions:
          issuer: "{{Issuer}}"
          keys: [ {{string.Join(", ", keys.Select(k => $"\"file:{k}\""))}} ]
          publish: { listener: inside, path: {{KeysPath}} }
        consumers:
          web-shop: { kind: application, owner: digital@retailer.example, grants: [orders.read, a.b] }
          invoice-run: { kind: service, owner: digital@retailer.example, grants: [orders.read] }
          stock-sync: { kind: service, owner: digital@retailer.example, grants: [orders.read] }
        upstreams:
          orders: { destinations: ["{{orders.GetLeftPart(UriPartial.Authority)}}"] }
          others: { destinations: ["{{orders.GetLeftPart(UriPartial.Authority)}}"] }
        apis:
          orders:
            owner: orders@retailer.example
            purpose: Orders
            upstream: orders
            each:
              exposure: public
              personalData: none
              access: { anonymous: "a test" }
              limits: [ { per: all, allow: 1000000, every: 1s } ]
            routes:
              get-order: { match: "GET /orders/{id}", effect: read }
              get-other: { match: "GET /others/{id}", effect: read, upstream: others }
              get-once: { match: "GET /v1/once/{id}", effect: read, assertion: perRequest, request: { path: { strip: /v1 } } }
              get-plain: { match: "GET /plain/{id}", effect: read, assertion: { none: "It reads no header fields" } }
        """;

    /// <summary>Calls the edge, and gives the assertion that the backend got.</summary>
    public async Task<string?> AssertionAsync(
        FakeUpstream backend, string path, CancellationToken cancel, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        (await Edge.SendAsync(request, cancel)).EnsureSuccessStatusCode();
        return (await backend.NextAsync(cancel)).Header("Gatehouse-Assertion");
    }

    /// <summary>The claims, when a key of the set has signed them.</summary>
    public static async Task<JsonObject> ClaimsAsync(string? assertion, string keySet, string audience = "orders")
    {
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(assertion, new TokenValidationParameters
        {
            ValidIssuer = Issuer,
            ValidAudience = audience,
            ValidTypes = ["gatehouse-assertion+jwt"],
            IssuerSigningKeys = new JsonWebKeySet(keySet).Keys,
            TryAllIssuerSigningKeys = false,
            ValidateLifetime = false,
        });
        Assert.Null(result.Exception);
        return JsonNode.Parse(Base64UrlEncoder.Decode(assertion!.Split('.')[1]))!.AsObject();
    }

    public ValueTask DisposeAsync() => Gateway.DisposeAsync();

    private sealed class PersonKind() : RoutePolicyKind("test-person")
    {
        public override Policy? Compile(Route route, CompileContext context) => new PersonPolicy(context.Consumers);
    }

    private sealed class PersonPolicy(ConsumerDirectory consumers) : Policy
    {
        public override string Name => "test-person";

        public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
        {
            var headers = exchange.RequestHeaders;
            if (!headers.Remove("Test-Person", out var person)) return new(Verdict.Continue);
            headers.Remove("Test-Actors", out var actors);
            headers.Remove("Test-Issuer", out var issuer);
            headers.Remove("Test-Consumer", out var name);
            var consumer = consumers.Find(new ConsumerId(name.Count == 0 ? "web-shop" : name.ToString()))!;
            exchange.Caller = new Caller
            {
                Consumer = consumer,
                CredentialKind = "token",
                CredentialId = "test",
                Scopes = consumer.Grants,
                Person = person == "-" ? null : new Person(issuer.Count == 0 ? "customers" : issuer.ToString(), person.ToString()),
                People = person == "-" || issuer.Count > 0 ? [] : ["customers"],
                Actors = actors.Count == 0 ? [] : actors.ToString().Split(' '),
            };
            return new(Verdict.Continue);
        }
    }
}
