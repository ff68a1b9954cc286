using System.Diagnostics;
using System.Globalization;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Overload;

/// <summary>A process with one processor is offered three times what it can do.</summary>
public sealed class SheddingTests : IDisposable
{
    private const int Rounds = 12_000; // some milliseconds of a processor for each exchange
    private const int MostTries = 3;
    private const int AtOnce = 6; // enough to keep it busy, too few to make it wait
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Measuring = TimeSpan.FromSeconds(2);
    internal static readonly TimeSpan Offering = TimeSpan.FromSeconds(8);
    private readonly TestFolder _folder = new();
    private readonly int _edge = Declarations.FreePort();
    private readonly int _administration = Declarations.FreePort();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Control("RTE-7")]
    [Control("ADM-10", "the administration answers during overload")]
    public async Task At_three_times_the_load_what_is_low_is_shed_and_what_is_high_is_served_as_before()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "taskset pins a process to a processor");
        await using var upstream = await FakeUpstream.StartAsync();
        _folder.Write("gatehouse.yaml", Declaration(upstream.Address));
        await using var gatehouse = await StartAsync();
        using var client = ClientOf(_edge);
        await MeasureAsync(client); // until everything is compiled
        Offered offered;
        var tries = 0;
        do offered = await OfferAsync(client, await MeasureAsync(client));
        while (++tries < MostTries && IsDisturbed(offered));
        Assert.SkipWhen(offered.Served < offered.Capacity / 2, "other programs take the processor away");

        var (ofHigh, ofLow, slowest, said) = (offered.High, offered.Low, offered.SlowestAdministration, offered.ToString());
        TestContext.Current.TestOutputHelper?.WriteLine(said);
        Assert.True(ofHigh.Count(a => a.Status == 200) >= 0.99 * ofHigh.Count, said);
        Assert.True(Offered.Percentile(ofHigh, 0.95) < Soon, said);
        var shed = ofLow.Where(a => a.Status == 503).ToList();
        Assert.True(shed.Count > 0.3 * ofLow.Count, said);
        Assert.All(shed, a => Assert.Contains("urn:gatehouse:problem:overloaded", a.Text, StringComparison.Ordinal));
        Assert.All(shed, a => Assert.InRange(a.RetryAfter!.Delta!.Value.TotalSeconds, 1, 4));
        Assert.Contains(ofLow, a => a.Status == 200);
        Assert.True(slowest < TimeSpan.FromSeconds(5), said);
        Assert.Contains("overload: the gateway's own work waits", gatehouse.Error, StringComparison.Ordinal);
        await gatehouse.LineAsync("overload: it is over", Cancel);
    }

    /// <summary>Whether it was not the same machine any more, or one that was busy with something else: then it is looked at once more.</summary>
    private static bool IsDisturbed(Offered offered) =>
        offered.Served < 0.75 * offered.Capacity || Offered.Percentile(offered.High, 0.95) >= Soon;

    /// <summary>Offers three times the capacity, a twelfth of it what matters most.</summary>
    private async Task<Offered> OfferAsync(HttpClient client, double capacity)
    {
        using var done = new CancellationTokenSource();
        var asked = AskAdministrationAsync(done.Token);
        var high = new Offer(client, "/high/1", capacity / 4, 2000).MakeAsync(Offering, Cancel);
        var low = new Offer(client, "/low/1", capacity * 2.75, 2000).MakeAsync(Offering, Cancel);
        await Task.WhenAll(high, low);
        await done.CancelAsync();
        return new Offered(capacity, await high, await low, await asked);
    }

    private async Task<GatehouseProcess> StartAsync()
    {
        var host = GatehouseProcess.Built("Gatehouse.TestPrograms", "Gatehouse.TestPrograms");
        var processor = (Environment.ProcessorCount - 1).ToString(CultureInfo.InvariantCulture);
        var gatehouse = GatehouseProcess.StartProgram("taskset", [("DOTNET_PROCESSOR_COUNT", "1")], _folder.Path, "-c", processor, host, "run");
        await gatehouse.LineAsync("is in force", Cancel);
        return gatehouse;
    }

    private static HttpClient ClientOf(int port) =>
        new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

    /// <summary>How many calls in a second it can answer.</summary>
    private static async Task<double> MeasureAsync(HttpClient client)
    {
        var begin = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            var count = 0;
            while (Stopwatch.GetElapsedTime(begin) < Measuring)
            {
                using var response = await client.GetAsync("/high/1", Cancel);
                if (response.IsSuccessStatusCode) count++;
            }

            return count;
        }));
        return counts.Sum() / Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    /// <summary>Asks four times a second, on a connection of its own, as those do who look after a gateway. Returns the slowest answer.</summary>
    private async Task<TimeSpan> AskAdministrationAsync(CancellationToken done)
    {
        using var client = ClientOf(_administration);
        using var every = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        var slowest = TimeSpan.Zero;
        while (!done.IsCancellationRequested)
        {
            var begin = Stopwatch.GetTimestamp();
            using var ready = await client.GetAsync("/readyz", Cancel);
            using var metrics = await client.GetAsync("/metrics", Cancel);
            Assert.True(ready.IsSuccessStatusCode && metrics.IsSuccessStatusCode);
            if (Stopwatch.GetElapsedTime(begin) is var took && took > slowest) slowest = took;
            await every.WaitForNextTickAsync(Cancel);
        }

        return slowest;
    }

    private string Declaration(Uri destination) =>
        $$"""
        gatehouse: v1
        gateway: { name: test, owner: platform@example.test, environment: test }
        listeners:
          edge: { address: "127.0.0.1:{{_edge}}", serves: [public], intake: { connections: 10000, connectionsPerAddress: 10000 } }
        administration: { address: "127.0.0.1:{{_administration}}" }
        log: { access: access.log }
        upstreams:
          things: { destinations: ["{{destination.GetLeftPart(UriPartial.Authority)}}"] }
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
              policies: { work: { rounds: {{Rounds}} } }
            routes:
              high: { match: "GET /high/{id}", effect: read, priority: high }
              low: { match: "GET /low/{id}", effect: read, priority: low }

        """;
}
