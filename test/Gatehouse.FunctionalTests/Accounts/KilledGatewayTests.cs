using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Security.Cryptography;
using Gatehouse.Audit;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Accounts;

/// <summary>
/// The executable, killed again and again while it changes things: whatever a backend got stands in the trail, and what nobody knows is said to be
/// so. <c>GATEHOUSE_KILL_ROUNDS</c> makes it longer.
/// </summary>
public sealed class KilledGatewayTests : IAsyncLifetime
{
    private const int Writers = 12;
    private readonly TestFolder _folder = new();
    private readonly int _edge = Declarations.FreePort();
    private readonly int _administration = Declarations.FreePort();
    private readonly ConcurrentDictionary<string, bool> _acknowledged = new(StringComparer.Ordinal);
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private FakeUpstream _upstream = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Store => _folder.Of("trail.db");

    public async ValueTask InitializeAsync()
    {
        _upstream = (await FakeUpstream.StartAsync()).On("/things/held", static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _folder.Write("audit.pem", key.ExportPkcs8PrivateKeyPem());
        _folder.Write("audit.public.pem", key.ExportSubjectPublicKeyInfoPem());
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder.Of("audit.pem"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _folder.Write("gatehouse.yaml", Declaration());
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _upstream.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    [Control("AUD-5", "changes that a killed gateway had begun")]
    public async Task Whatever_a_backend_got_is_in_the_trail_however_often_the_gateway_is_killed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are those of Linux");
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("GATEHOUSE_KILL_ROUNDS"), CultureInfo.InvariantCulture, out var set) ? set : 4;
        for (var i = 0; i < rounds; i++) await WriteUntilKilledAsync();
        await using (var last = await StartAsync())
        {
            await last.SignalAsync("TERM", Cancel);
            Assert.Equal(0, (await last.FinishAsync(Cancel)).ExitCode);
        }

        var records = Trails.Read(Store);
        var intents = records.Where(r => r.Kind == AuditKind.Intent).Select(r => r.RequestId!).ToHashSet(StringComparer.Ordinal);
        Assert.Subset(intents, _upstream.Requests.Select(r => r.Header("X-Request-Id")!).ToHashSet(StringComparer.Ordinal));
        Assert.Subset(intents, _acknowledged.Keys.ToHashSet(StringComparer.Ordinal));
        var ends = records.Where(r => r.Kind is AuditKind.Outcome or AuditKind.Unknown).Select(r => r.Intent!).ToList();
        Assert.Equal(ends.Count, ends.Distinct().Count());
        Assert.Empty(intents.Except(ends));
        Assert.Equal(rounds, records.Count(r => r.Kind == AuditKind.Repair));
        var verified = await GatehouseProcess.RunAsync(_folder.Path, Cancel, "audit", "verify", "trail.db", "--key", "audit.public.pem");
        Assert.Equal((0, ""), (verified.ExitCode, verified.Error));
    }

    [Fact]
    public async Task What_nobody_knows_is_listed_until_somebody_closes_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are those of Linux");
        var id = await HeldWhenKilledAsync();
        await using var gatehouse = await StartAsync();
        Assert.Contains("nobody knows", gatehouse.Error, StringComparison.Ordinal);

        var open = await RunAsync("audit", "open", "--output", "csv");
        Assert.Equal(1, open.ExitCode);
        var line = Assert.Single(open.Output.Split('\n'), l => l.Contains(id, StringComparison.Ordinal));
        Assert.Contains("things/put-thing", line, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("audit", "close", id)).ExitCode);
        Assert.Equal(1, (await RunAsync("audit", "close", "01OTHER", "--by", "anna", "--reason", "none")).ExitCode);
        var closed = await RunAsync("audit", "close", id, "--by", "anna@shop.example", "--reason", "the service has it");
        Assert.Equal((0, $"{id} is closed.\n"), (closed.ExitCode, closed.Output));

        Assert.Equal(0, (await RunAsync("audit", "open")).ExitCode);
        var record = Assert.Single(Trails.Read(Store), r => r.Kind == AuditKind.Closed);
        Assert.Equal((id, "anna@shop.example", "the service has it"), (record.Intent, record.Who, record.Reason));
        await gatehouse.SignalAsync("TERM", Cancel);
        Assert.Equal(0, (await gatehouse.FinishAsync(Cancel)).ExitCode);
        Assert.Equal(0, (await RunAsync("audit", "verify", "trail.db", "--key", "audit.public.pem")).ExitCode);
        await using (var again = await StartAsync()) Assert.Equal(0, (await RunAsync("audit", "open")).ExitCode); // it stays closed
    }

    [Fact]
    [Control("AUD-5", "a gateway that has another name now")]
    public async Task What_was_left_open_under_another_name_is_listed_too()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are those of Linux");
        var id = await HeldWhenKilledAsync();
        _folder.Write("gatehouse.yaml", Declaration().Replace("name: front-door", "name: back-door", StringComparison.Ordinal));
        await using var gatehouse = await StartAsync();

        Assert.Contains("of 1 exchanges of 'front-door' that were under way", gatehouse.Error, StringComparison.Ordinal);
        var open = await RunAsync("audit", "open", "--output", "csv");
        Assert.Equal(1, open.ExitCode);
        Assert.Contains(id, open.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("audit", "close", id, "--by", "anna", "--reason", "the service has it")).ExitCode);
        Assert.Equal(0, (await RunAsync("audit", "open")).ExitCode);
        await gatehouse.SignalAsync("TERM", Cancel);
        Assert.Equal(0, (await gatehouse.FinishAsync(Cancel)).ExitCode);
        Assert.Equal(0, (await RunAsync("audit", "verify", "trail.db", "--key", "audit.public.pem")).ExitCode);
    }

    private async Task<string> HeldWhenKilledAsync()
    {
        await using var gatehouse = await StartAsync();
        var call = PutAsync("held");
        var id = (await _upstream.NextAsync(Cancel)).Header("X-Request-Id")!;
        await gatehouse.SignalAsync("KILL", Cancel);
        await gatehouse.FinishAsync(Cancel);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => call);
        return id;
    }

    private async Task WriteUntilKilledAsync()
    {
        await using var gatehouse = await StartAsync();
        using var end = new CancellationTokenSource();
        var before = _acknowledged.Count;
        var writers = Enumerable.Range(0, Writers).Select(i => WriteAsync(i, end.Token)).ToList();
        await Eventually.HoldsAsync(() => Task.FromResult(_acknowledged.Count >= before + 60), Cancel);
        await gatehouse.SignalAsync("KILL", Cancel);
        await gatehouse.FinishAsync(Cancel);
        await end.CancelAsync();
        await Task.WhenAll(writers);
    }

    private async Task WriteAsync(int writer, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                var (status, id) = await PutAsync(writer.ToString(CultureInfo.InvariantCulture));
                if (status == HttpStatusCode.OK) _acknowledged[id] = true;
            }
            catch (HttpRequestException)
            {
                return; // killed
            }
        }
    }

    private async Task<(HttpStatusCode Status, string Id)> PutAsync(string name)
    {
        using var body = new StringContent("more");
        using var response = await _client.PutAsync(new Uri($"http://127.0.0.1:{_edge}/things/{name}"), body, Cancel);
        await response.Content.ReadAsStringAsync(Cancel);
        return (response.StatusCode, response.Headers.GetValues("X-Request-Id").Single());
    }

    private async Task<GatehouseProcess> StartAsync()
    {
        var gatehouse = GatehouseProcess.Start(_folder.Path, "run");
        await gatehouse.LineAsync("is in force", Cancel);
        return gatehouse;
    }

    private Task<GatehouseProcess.Finished> RunAsync(params string[] arguments) => GatehouseProcess.RunAsync(_folder.Path, Cancel, arguments);

    private string Declaration() =>
        $$"""
        gatehouse: v1
        gateway: { name: front-door, owner: platform@example.test, environment: test }
        listeners:
          edge: { address: "127.0.0.1:{{_edge}}", serves: [public] }
        administration: { address: "127.0.0.1:{{_administration}}" }
        drain: { announce: 0s, finish: 10s }
        log: { access: access.log }
        overload: { off: "the machine is that of the tests" }
        audit: { store: trail.db, key: "file:audit.pem", checkpoints: { every: 100, within: 500ms } }
        upstreams:
          things: { destinations: ["{{_upstream.Address.GetLeftPart(UriPartial.Authority)}}"] }
        apis:
          things:
            owner: things@example.test
            purpose: Things for tests
            upstream: things
            routes:
              put-thing:
                match: PUT /things/{id}
                exposure: public
                effect: write
                personalData: none
                backendChecks: service
                consequence: A test fails
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
                waive: [ { rule: GH1002, reason: It is a test, owner: o@example.test, until: {{Trails.InAMonth()}} } ]
        """;
}
