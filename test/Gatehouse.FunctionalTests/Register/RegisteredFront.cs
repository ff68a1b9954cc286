using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.FunctionalTests.Stores;
using Gatehouse.Register;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Register;

/// <summary>Several instances of one gateway in this process that share a register in a real database, and what changes it.</summary>
internal sealed class RegisteredFront : IAsyncDisposable
{
    public const string Route = "things/get-thing";

    private readonly List<TestGateway> _gateways = [];
    private readonly FakeUpstream _backend;
    private readonly string _connection;
    private readonly string _maxAge;
    private readonly RegisterBook _book;

    private RegisteredFront(FakeUpstream backend, string connection, string maxAge)
    {
        (_backend, _connection, _maxAge) = (backend, connection, maxAge);
        var settings = Gateway(connection, out _);
        _book = new RegisterBook(settings);
    }

    public IReadOnlyList<TestGateway> Gateways => _gateways;

    public static Secret Pepper { get; } = new("file:pepper", Encoding.ASCII.GetBytes("a pepper of a test, long enough to be one, and no secret"));

    public static async Task<RegisteredFront> StartAsync(int instances, string connection, CancellationToken cancel, string maxAge = "1h")
    {
        var front = new RegisteredFront(await FakeUpstream.StartAsync(), connection, maxAge);
        for (var i = 0; i < instances; i++) await front.AddAsync(cancel);
        return front;
    }

    /// <summary>Starts one more instance.</summary>
    public async Task AddAsync(CancellationToken cancel, string? kept = null)
    {
        var files = new Dictionary<string, string> { ["pepper"] = Encoding.ASCII.GetString(Pepper.Bytes), ["db"] = _connection };
        if (kept is not null) files["kept"] = kept;
        _gateways.Add(await TestGateway.StartAsync(Yaml("postgres", "postgres: { connection: \"file:db\" }", _backend.Address, _maxAge), files));
        cancel.ThrowIfCancellationRequested();
    }

    /// <summary>Stops an instance and starts it again with what it had kept.</summary>
    public async Task RestartAsync(int instance, CancellationToken cancel)
    {
        var kept = await File.ReadAllTextAsync(Path.Combine(_gateways[instance].Folder, "kept"), cancel);
        await _gateways[instance].DisposeAsync();
        await AddAsync(cancel, kept);
        _gateways[instance] = _gateways[^1];
        _gateways.RemoveAt(_gateways.Count - 1);
    }

    public static string Yaml(
        string store, string stores, Uri backend, string maxAge = "1h", string edge = "127.0.0.1:0", string admin = "127.0.0.1:0") =>
        $$"""
        gatehouse: v1
        gateway: { name: front, owner: tests@retailer.example, environment: test }
        listeners:
          edge: { address: "{{edge}}", serves: [public] }
        administration: { address: "{{admin}}" }
        drain: { announce: 0s, finish: 10s }
        keys: { pepper: "file:pepper" }
        stores: { {{stores}} }
        register: { store: {{store}}, kept: kept, maxAge: {{maxAge}} }
        consumers:
          stock-sync: { kind: service, owner: stock@retailer.example, grants: [things.read], authenticate: [ { apiKey: { issued: true } } ] }
          till: { kind: service, owner: stock@retailer.example, grants: [things.read], authenticate: [ { apiKey: { issued: true } } ] }
        upstreams:
          things: { destinations: ["{{backend.GetLeftPart(UriPartial.Authority)}}"] }
        apis:
          things:
            owner: things@retailer.example
            purpose: Things for tests
            upstream: things
            each: { exposure: public, personalData: none }
            routes:
              get-thing:
                match: GET /things/{id}
                effect: read
                access: { consumers: [stock-sync, till], scopes: [things.read] }
                limits: [ { per: all, allow: 100000, every: 1m } ]
              get-open:
                match: GET /open
                effect: read
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 100000, every: 1m } ]

        """;

    public async Task<NewApiKey> IssueAsync(CancellationToken cancel, string consumer = "stock-sync")
    {
        var key = ApiKeyText.Create();
        await ChangeAsync(content => RegisterEdit.Issue(content, Issued(key, consumer)), cancel);
        return key;
    }

    public static IssuedKey Issued(NewApiKey key, string consumer = "stock-sync")
    {
        var hash = new byte[ApiKeyHash.Bytes];
        ApiKeyHash.Compute(Pepper, key.Key, hash);
        var now = TimeProvider.System.GetUtcNow();
        return new IssuedKey(key.Id, consumer, hash, now, now.AddDays(1)) { By = "anna", Reason = "a test" };
    }

    public Task SuspendAsync(SuspendedKind kind, string name, CancellationToken cancel) => ChangeAsync(
        content => RegisterEdit.Suspend(content, new Suspension(kind, name, TimeProvider.System.GetUtcNow(), null, "anna", "a test")), cancel);

    public Task ResumeAsync(SuspendedKind kind, string name, CancellationToken cancel) => ChangeAsync(
        content => RegisterEdit.Resume(content, kind, name, Now()), cancel);

    public Task RevokeAsync(NewApiKey key, CancellationToken cancel) => ChangeAsync(content => RegisterEdit.Revoke(content, key.Id, Now()), cancel);

    public async Task ChangeAsync(Func<RegisterContent, RegisterEdit> decide, CancellationToken cancel)
    {
        if (await _book.ChangeAsync(decide, cancel) is { } refusal) throw new InvalidOperationException(refusal);
    }

    /// <summary>Waits until a call has this status at every instance, and returns how long the last one took.</summary>
    public async Task<TimeSpan> EverywhereAsync(int status, NewApiKey? key, CancellationToken cancel, string path = "/things/17")
    {
        var since = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(_gateways.Select(g => Eventually.HoldsAsync(async () => await CallAsync(g, key, cancel, path) == status, cancel)));
        return TimeProvider.System.GetElapsedTime(since);
    }

    /// <summary>One call, over a connection that is kept, and its status.</summary>
    public static async Task<int> CallAsync(TestGateway gateway, NewApiKey? key, CancellationToken cancel, string path = "/things/17")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is { } presented) request.Headers.Add("X-Api-Key", presented.Key);
        using var answer = await ClientOf(gateway).SendAsync(request, cancel);
        return (int)answer.StatusCode;
    }

    /// <summary>The register's part of <c>/readyz</c>.</summary>
    public static async Task<JsonNode?> ReadyAsync(TestGateway gateway, CancellationToken cancel)
    {
        using var answer = await gateway.Administration.GetAsync(new Uri("/readyz", UriKind.Relative), cancel);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancel))!["register"];
    }

    /// <summary>Waits until every instance says this of its register.</summary>
    public Task StateBecomesAsync(string state, CancellationToken cancel) => Task.WhenAll(_gateways.Select(g => Eventually.HoldsAsync(
        async () => (string?)(await ReadyAsync(g, cancel))!["state"] == state, cancel)));

    /// <summary>Waits until every instance has told its operator this.</summary>
    public Task ToldAsync(string what, CancellationToken cancel) => Task.WhenAll(_gateways.Select(g => g.ToldAsync(what, cancel)));

    public async ValueTask DisposeAsync()
    {
        await _book.DisposeAsync();
        foreach (var gateway in _gateways) await gateway.DisposeAsync();
        await _backend.DisposeAsync();
    }

    private static readonly System.Runtime.CompilerServices.ConditionalWeakTable<TestGateway, HttpClient> Clients = [];

    private static HttpClient ClientOf(TestGateway gateway) => Clients.GetValue(gateway, static g => g.Client("edge"));

    private static Ending Now() => new(TimeProvider.System.GetUtcNow(), "anna", "a test");

    private static RegisterSettings Gateway(string connection, out string why) =>
        new("front/test", "kept", TimeSpan.FromHours(1), Pepper)
        {
            Postgres = Gatehouse.Stores.PostgresSettings.Parse(new Secret("a test's", Encoding.UTF8.GetBytes(connection)), out why),
        };
}
