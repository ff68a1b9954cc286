using System.Net;
using System.Net.Http;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.FunctionalTests.Stores;
using Gatehouse.Stores;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Accounts;

/// <summary>Executables with one declaration, whose trail is in a real PostgreSQL.</summary>
public sealed class SharedTrailTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private PostgresServer _server = null!;
    private FakeUpstream _upstream = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are those of Linux");
        _server = await PostgresServer.StartAsync(Cancel);
        _upstream = (await FakeUpstream.StartAsync()).On("/things/held", static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _folder.WriteSecret("audit.pem", key.ExportPkcs8PrivateKeyPem());
        _folder.Write("audit.public.pem", key.ExportSubjectPublicKeyInfoPem());
        _folder.WriteSecret("connection", _server.Connection);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_upstream is not null) await _upstream.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    [Control("AUD-6", "instances of one declaration")]
    [Control("AUD-5", "what an instance that is gone left open")]
    public async Task Equal_instances_write_chains_of_their_own_and_whoever_comes_next_goes_on_with_that_of_whoever_is_gone()
    {
        await using var first = await InstanceAsync("one");
        await using var second = await InstanceAsync("two");
        foreach (var instance in (Instance[])[first, second, first, second]) Assert.Equal(HttpStatusCode.OK, await PutAsync(instance, "17"));

        var held = PutAsync(second, "held");
        var request = await HeldAsync();
        await second.Process.SignalAsync("KILL", Cancel);
        await second.Process.FinishAsync(Cancel);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => held);
        await using var third = await InstanceAsync("three");
        Assert.Equal(HttpStatusCode.OK, await PutAsync(third, "18"));

        Assert.Contains(request, (await RunAsync("audit", "open", "--config", "one.yaml", "--output", "csv")).Output, StringComparison.Ordinal);
        var closed = await RunAsync("audit", "close", request, "--by", "anna", "--reason", "the service has it not", "--config", "three.yaml");
        Assert.Equal((0, $"{request} is closed.\n"), (closed.ExitCode, closed.Output));
        Assert.Equal(0, (await RunAsync("audit", "open", "--config", "one.yaml")).ExitCode);
        await EndAsync(first);
        await EndAsync(third);

        var verified = await RunAsync("audit", "verify", "postgres:file:connection", "--key", "audit.public.pem");
        Assert.True(verified.ExitCode == 0, verified.Output + verified.Error);
        var connection = new Secret("a test", Encoding.UTF8.GetBytes(_server.Connection));
        using var reader = PostgresAuditReader.Open(PostgresSettings.Parse(connection, out _)!);
        var kinds = reader.Chains().ToDictionary(c => c.Instance, c => reader.Records(c).Select(r => RecordReader.Read(r)!.Record.Kind).ToList());
        Assert.Equal(3, kinds.Count);
        Assert.Equal(AuditKind.Closed, Assert.Single(kinds.Single(k => k.Key.StartsWith("cli-", StringComparison.Ordinal)).Value));
        Assert.Equal(2, kinds["front-door-1"].Count(k => k == AuditKind.Outcome));
        Assert.Equal(2, kinds["front-door-2"].Count(k => k == AuditKind.Start)); // the second's and the third's
        Assert.Single(kinds["front-door-2"], k => k == AuditKind.Unknown);
        Assert.Equal(3, kinds["front-door-2"].Count(k => k == AuditKind.Outcome));
    }

    [Fact]
    [Control("AUD-5", "what an instance left open whose place nobody takes")]
    public async Task What_an_instance_left_open_is_listed_also_where_nobody_takes_its_place()
    {
        await using var first = await InstanceAsync("one");
        await using var second = await InstanceAsync("two");
        await using var third = await InstanceAsync("three");
        var lost = PutAsync(third, "held");
        var request = await HeldAsync();
        await third.Process.SignalAsync("KILL", Cancel);
        await third.Process.FinishAsync(Cancel);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => lost);
        await EndAsync(second);
        await using var next = await InstanceAsync("four"); // it takes the second place, and looks at the third

        await Eventually.HoldsAsync(
            async () => (await RunAsync("audit", "open", "--config", "one.yaml", "--output", "csv")).Output
                .Contains(request, StringComparison.Ordinal),
            Cancel);

        Assert.Contains("of 1 exchanges of 'front-door-3' that were under way", next.Process.Error, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await PutAsync(first, "17"));
        await EndAsync(first);
        await EndAsync(next);
        var verified = await RunAsync("audit", "verify", "postgres:file:connection", "--key", "audit.public.pem");
        Assert.True(verified.ExitCode == 0, verified.Output + verified.Error);
    }

    [Fact]
    [Control("AUD-7", "of a gateway that shares a database")]
    public async Task While_the_database_is_gone_what_has_to_be_recorded_first_is_refused_and_then_goes_on()
    {
        await using var gateway = await InstanceAsync("one");
        Assert.Equal(HttpStatusCode.OK, await PutAsync(gateway, "1"));
        await _server.StopAsync(Cancel);
        await Eventually.HoldsAsync(async () => await PutAsync(gateway, "2") == HttpStatusCode.ServiceUnavailable, Cancel);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(gateway));
        var served = _upstream.Requests.Count;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PutAsync(gateway, "3"));
        Assert.Equal(served, _upstream.Requests.Count);

        await _server.StartAgainAsync(Cancel);
        await Eventually.HoldsAsync(async () => await PutAsync(gateway, "4") == HttpStatusCode.OK, Cancel);
        await EndAsync(gateway);
        var verified = await RunAsync("audit", "verify", "postgres:file:connection", "--key", "audit.public.pem");
        Assert.True(verified.ExitCode == 0, verified.Output + verified.Error);
        Assert.Equal(0, (await RunAsync("audit", "open", "--config", "one.yaml")).ExitCode);
    }

    private async Task<string> HeldAsync()
    {
        while (true)
        {
            var request = await _upstream.NextAsync(Cancel);
            if (request.Target == "/things/held") return request.Header("X-Request-Id")!;
        }
    }

    private async Task<HttpStatusCode> PutAsync(Instance instance, string name)
    {
        using var body = new StringContent("more");
        using var response = await _client.PutAsync(new Uri($"http://127.0.0.1:{instance.Port}/things/{name}"), body, Cancel);
        return response.StatusCode;
    }

    private async Task<HttpStatusCode> GetAsync(Instance instance)
    {
        using var response = await _client.GetAsync(new Uri($"http://127.0.0.1:{instance.Port}/things/17"), Cancel);
        return response.StatusCode;
    }

    private static async Task EndAsync(Instance instance)
    {
        await instance.Process.SignalAsync("TERM", Cancel);
        Assert.Equal(0, (await instance.Process.FinishAsync(Cancel)).ExitCode);
    }

    private async Task<Instance> InstanceAsync(string name)
    {
        var port = Declarations.FreePort();
        _folder.Write(name + ".yaml", Declaration(port, Declarations.FreePort(), name));
        var process = GatehouseProcess.Start(_folder.Path, "run", "--config", name + ".yaml");
        await process.LineAsync("is in force", Cancel);
        return new Instance(process, port);
    }

    private Task<GatehouseProcess.Finished> RunAsync(params string[] arguments) => GatehouseProcess.RunAsync(_folder.Path, Cancel, arguments);

    private string Declaration(int edge, int administration, string name) =>
        $$"""
        gatehouse: v1
        gateway: { name: front-door, owner: platform@example.test, environment: test }
        listeners:
          edge: { address: "127.0.0.1:{{edge}}", serves: [public] }
        administration: { address: "127.0.0.1:{{administration}}" }
        drain: { announce: 0s, finish: 10s }
        log: { access: {{name}}.log }
        overload: { off: "the machine is that of the tests" }
        stores: { postgres: { connection: "file:connection" } }
        audit: { store: postgres, key: "file:audit.pem", retain: 365d, checkpoints: { every: 100, within: 500ms } }
        upstreams:
          things: { destinations: ["{{_upstream.Address.GetLeftPart(UriPartial.Authority)}}"] }
        apis:
          things:
            owner: things@example.test
            purpose: Things for tests
            upstream: things
            each:
              exposure: public
              personalData: none
              access: { anonymous: "a test" }
              limits: [ { per: all, allow: 1000000, every: 1s } ]
            routes:
              put-thing:
                match: PUT /things/{id}
                effect: write
                backendChecks: service
                consequence: A test fails
                waive: [ { rule: GH1002, reason: It is a test, owner: o@example.test, until: {{Trails.InAMonth()}} } ]
              get-thing: { match: "GET /things/{id}", effect: read }
        """;

    private sealed record Instance(GatehouseProcess Process, int Port) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Process.DisposeAsync();
    }
}
