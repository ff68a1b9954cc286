using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Gatehouse.Audit;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Accounts;

/// <summary>
/// A whole gateway that accounts for what it does, a service behind it, and somebody who reads the trail while it is written. Routes: one with
/// personal data, writes, an action, a WebSocket, and one that need not account for anything.
/// </summary>
internal sealed class Accounted : IAsyncDisposable
{
    public const string Secret = "0123456789abcdef0123456789abcdef";

    private readonly TestIssuer _issuer = new();
    private readonly string _declaration;
    private bool _ended;

    private Accounted(string declaration) => _declaration = declaration;

    public FakeUpstream Upstream { get; private set; } = null!;

    public TestGateway Gateway { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public string Store => Path.Combine(Gateway.Folder, "trail.db");

    public TestIssuer Issuer => _issuer;

    public string Declaration => _declaration.Replace("{{upstream}}", Upstream.Address.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)
        .Replace("{{issuer}}", _issuer.Issuer, StringComparison.Ordinal)
        .Replace("{{until}}", Trails.InAMonth(), StringComparison.Ordinal);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="change">What is different from <see cref="Usual"/>.</param>
    public static async Task<Accounted> StartAsync(Func<string, string>? change = null, TimeProvider? clock = null, FakeUpstream? upstream = null)
    {
        var accounted = new Accounted((change ?? (text => text))(Usual)) { Upstream = upstream ?? await FakeUpstream.StartAsync() };
        accounted.Gateway = await TestGateway.StartAsync(accounted.Declaration, accounted.Files(), clock);
        accounted.Client = accounted.Gateway.Client("edge");
        return accounted;
    }

    public Dictionary<string, string> Files()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new() { ["audit.pem"] = key.ExportPkcs8PrivateKeyPem(), ["about.key"] = Secret, ["keys.json"] = _issuer.Jwks() };
    }

    /// <summary>A token of a program that speaks for nobody.</summary>
    public string Machine(string scope = "orders.write") => _issuer.Token(
        TimeProvider.System.GetUtcNow(), new JsonObject { ["client_id"] = "machine", ["sub"] = "machine", ["scope"] = scope });

    /// <summary>A token of the shop for somebody.</summary>
    public string Person(string subject = "customer-17") =>
        _issuer.Token(TimeProvider.System.GetUtcNow(), new JsonObject { ["sub"] = subject });

    public static HttpRequestMessage Request(HttpMethod method, string target, string? token, string? body = null)
    {
        var request = new HttpRequestMessage(method, target);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null) request.Content = new StringContent(body);
        return request;
    }

    /// <summary>The status of a call, and the id under which it stands in log and trail.</summary>
    public async Task<(HttpStatusCode Status, string Id)> CallAsync(HttpMethod method, string target, string? token, string? body = null)
    {
        using var request = Request(method, target, token, body);
        using var response = await Client.SendAsync(request, Cancel);
        await response.Content.ReadAsStringAsync(Cancel);
        return (response.StatusCode, response.Headers.GetValues("X-Request-Id").Single());
    }

    public Task<(HttpStatusCode Status, string Id)> WriteAsync(string target = "/orders/17") =>
        CallAsync(HttpMethod.Put, target, Machine(), "more tea");

    /// <summary>What stands in the trail now.</summary>
    public IReadOnlyList<AuditRecord> Records() => Trails.Read(Store);

    /// <summary>The records of one exchange, as soon as there are as many of them.</summary>
    public Task<IReadOnlyList<AuditRecord>> OfAsync(string id, int count = 1) => Trails.WaitAsync(Store, r => Trails.IsOf(r, id), count, Cancel);

    public Task<IReadOnlyList<AuditRecord>> WaitAsync(Func<AuditRecord, bool> wanted, int count = 1) =>
        Trails.WaitAsync(Store, wanted, count, Cancel);

    /// <summary>Ends the gateway; what it has written stays until the end of the test.</summary>
    public async Task EndAsync()
    {
        _ended = true;
        await Gateway.Running.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_ended) Directory.Delete(Gateway.Folder, recursive: true);
        else await Gateway.DisposeAsync();
        await Upstream.DisposeAsync();
        _issuer.Dispose();
    }

    public const string Usual =
        """
        gatehouse: v1
        gateway: { name: front-door, owner: tests@retailer.example, environment: test }
        listeners:
          edge: { address: "127.0.0.1:0", serves: [public] }
        administration: { address: "127.0.0.1:0" }
        drain: { announce: 0s, finish: 10s }
        audit: { store: trail.db, key: "file:audit.pem", checkpoints: { within: 200ms }, investigation: { keys: ["file:about.key"] } }
        issuers:
          id: { issuer: "{{issuer}}", audiences: [retailer-apis], algorithms: [ES256], lifetime: 1h, keys: { file: keys.json } }
        people:
          customers: { issuer: id }
        consumers:
          web-shop: { kind: application, owner: o@retailer.example, authenticate: [ { token: { issuer: id, clientId: web-shop } } ] }
          machine: { kind: service, owner: o@retailer.example, authenticate: [ { token: { issuer: id, clientId: machine } } ] }
        upstreams:
          orders: { destinations: ["{{upstream}}"], timeouts: { connect: 2s, head: 20s, idle: 30s } }
        apis:
          orders:
            owner: orders@retailer.example
            purpose: Orders for tests
            upstream: orders
            each:
              exposure: public
              personalData: none
              backendChecks: service
              consequence: A test fails
              access: { consumers: [machine], scopes: [orders.write] }
              limits: [ { per: all, allow: 1000000, every: 1s } ]
            routes:
              get-order:
                match: GET /orders/{orderId}
                effect: read
                personalData: ordinary
                about: { customer: token.sub, order: path.orderId, buyer: query.buyer }
                audit: { parameters: [page] }
                access: { consumers: [web-shop], people: [customers], scopes: [orders.read] }
              find-orders:
                match: GET /found
                effect: read
                personalData: ordinary
                about: { customer: response.orders.customer }
                access: { consumers: [web-shop], people: [customers], scopes: [orders.read] }
              change-order:
                match: PATCH /orders/{orderId}
                effect: write
                deadline: 30s
                about: { order: path.orderId, customer: response.customer }
              put-order: { match: "PUT /orders/{orderId}", effect: write, deadline: 30s }
              cancel-order: { match: "POST /orders/{orderId}/end", effect: action }
              get-price: { match: "GET /prices/{article}", effect: read, audit: true, access: { anonymous: a test } }
              get-thing: { match: "GET /things/{id}", effect: read, access: { anonymous: a test } }
              talk:
                match: GET /talk
                effect: write
                upgrade: websocket
                waive: [ { rule: GH1015, reason: It is a conversation, owner: o@retailer.example, until: {{until}} } ]
        """;
}

/// <summary>Reads trails, while they are written too.</summary>
internal static class Trails
{
    /// <summary>Every record of every chain, in order.</summary>
    public static IReadOnlyList<AuditRecord> Read(string store)
    {
        using var reader = SqliteAuditReader.Open(store);
        return [.. reader.Chains().SelectMany(c => reader.Records(c)).Select(r => RecordReader.Read(r)!.Record)];
    }

    /// <summary>A day on which a waiver of a test ends.</summary>
    public static string InAMonth() => TimeProvider.System.GetUtcNow().AddDays(30).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Whether a record is of the exchange with this id.</summary>
    public static bool IsOf(AuditRecord record, string id) => record.RequestId == id || record.Intent == id;

    public static async Task<IReadOnlyList<AuditRecord>> WaitAsync(string store, Func<AuditRecord, bool> wanted, int count, CancellationToken cancel)
    {
        IReadOnlyList<AuditRecord> found = [];
        await Eventually.HoldsAsync(() =>
        {
            found = [.. Read(store).Where(wanted)];
            return Task.FromResult(found.Count >= count);
        }, cancel);
        return found;
    }
}
