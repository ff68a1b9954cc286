using System.Globalization;
using System.Net;
using System.Net.Http;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Stores;

/// <summary>Several instances of one gateway in this process, and the one backend behind them.</summary>
internal sealed class Instances : IAsyncDisposable
{
    /// <summary>Long enough for a machine that does much else: only tests of slowness have another.</summary>
    public const string Patient = "timeout: 5s";

    private readonly List<TestGateway> _gateways = [];
    private readonly List<HttpClient> _clients = [];
    private readonly FakeUpstream _backend;

    private Instances(FakeUpstream backend) => _backend = backend;

    public IReadOnlyList<TestGateway> Gateways => _gateways;

    /// <summary>Calls that the backend has seen.</summary>
    public int Reached => _backend.Requests.Count;

    /// <param name="limits">The limits of the one route, <c>GET /things/{id}</c>.</param>
    /// <param name="store">Where they find their store.</param>
    /// <param name="redis">More of the store's declaration.</param>
    /// <param name="shared">How many instances the declaration says there are; as many as there are unless given.</param>
    public static async Task<Instances> StartAsync(
        int count, string limits, IPEndPoint store, CancellationToken cancel, string redis = Patient, int? shared = null,
        IReadOnlyDictionary<string, string>? files = null)
    {
        var instances = new Instances(await FakeUpstream.StartAsync());
        instances._backend.Otherwise(http =>
        {
            http.Response.StatusCode = 200;
            return Task.CompletedTask;
        });
        for (var i = 0; i < count; i++) await instances.AddAsync(limits, store, shared ?? count, redis, files);
        if (count > 0) await instances.FindTheStoreAsync(cancel);
        return instances;
    }

    /// <summary>Starts one more.</summary>
    public async Task AddAsync(
        string limits, IPEndPoint store, int shared, string redis = Patient, IReadOnlyDictionary<string, string>? files = null)
    {
        var gateway = await TestGateway.StartAsync(Yaml(_backend.Address, limits, store, redis, shared), WithPepper(files));
        _gateways.Add(gateway);
        _clients.Add(gateway.Client("edge"));
    }

    /// <summary>A declaration with one anonymous route and a store.</summary>
    public static string Yaml(
        Uri backend, string limits, IPEndPoint store, string redis, int instances, string edge = "127.0.0.1:0", string admin = "127.0.0.1:0") =>
        $$"""
        gatehouse: v1
        gateway: { name: front, owner: tests@retailer.example, environment: test }
        listeners:
          edge: { address: "{{edge}}", serves: [public] }
        administration: { address: "{{admin}}" }
        drain: { announce: 0s, finish: 10s }
        stores:
          redis: { addresses: ["{{store}}"], instances: {{instances}}, pepper: "file:store.pepper", {{redis}} }
        upstreams:
          things: { destinations: ["{{backend.GetLeftPart(UriPartial.Authority)}}"] }
        apis:
          things:
            owner: things@retailer.example
            purpose: Things for tests
            upstream: things
            routes:
              get-thing:
                match: GET /things/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: {{limits}}

        """;

    public static Dictionary<string, string> WithPepper(IReadOnlyDictionary<string, string>? files = null) =>
        new(files ?? new Dictionary<string, string>()) { ["store.pepper"] = "a pepper of a test, long enough to be one, and no secret" };

    /// <summary>Waits until every instance has found its store.</summary>
    public Task FindTheStoreAsync(CancellationToken cancel) => HoldAsync("gatehouse_stores_lost", "0", cancel);

    /// <summary>Waits until every instance has noticed that its store is lost; somebody has to call for that.</summary>
    public Task LoseTheStoreAsync(CancellationToken cancel) => HoldAsync("gatehouse_stores_lost", "1", cancel);

    /// <summary>One call, and its status.</summary>
    public async Task<HttpStatusCode> CallAsync(int instance, CancellationToken cancel)
    {
        using var answer = await GetAsync(instance, cancel);
        return answer.StatusCode;
    }

    public Task<HttpResponseMessage> GetAsync(int instance, CancellationToken cancel) =>
        _clients[instance].GetAsync(new Uri("/things/17", UriKind.Relative), cancel);

    /// <summary>Calls one instance several times, some at once; how many passed. Every other answer has to be a refusal by the limit.</summary>
    public async Task<int> PassAsync(int instance, int calls, CancellationToken cancel, int atOnce = 8)
    {
        var (passed, left) = (0, calls);
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var status = await CallAsync(instance, cancel);
                Assert.True(status is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, $"{status}");
                if (status == HttpStatusCode.OK) Interlocked.Increment(ref passed);
            }
        }));
        return passed;
    }

    /// <summary>Calls all instances at once; how many passed.</summary>
    public async Task<int> PassAsync(int calls, CancellationToken cancel) =>
        (await Task.WhenAll(Enumerable.Range(0, _gateways.Count).Select(i => PassAsync(i, calls, cancel)))).Sum();

    /// <summary>The sum of a metric's lines that have this text among their labels.</summary>
    public async Task<double> MetricAsync(int instance, string name, string labels, CancellationToken cancel)
    {
        var page = await _gateways[instance].Administration.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancel);
        return page.Split('\n')
            .Where(l => l.StartsWith(name, StringComparison.Ordinal) && l.Contains(labels, StringComparison.Ordinal))
            .Sum(l => double.Parse(l.Split(' ')[1], CultureInfo.InvariantCulture));
    }

    /// <summary>Waits for it: the page may be a little older than the last call.</summary>
    public Task MetricBecomesAsync(int instance, string name, string labels, double value, CancellationToken cancel) =>
        Eventually.HoldsAsync(async () => await MetricAsync(instance, name, labels, cancel) == value, cancel);

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in _gateways) await gateway.DisposeAsync();
        await _backend.DisposeAsync();
    }

    private async Task HoldAsync(string metric, string value, CancellationToken cancel)
    {
        for (var i = 0; i < _gateways.Count; i++)
        {
            var instance = i;
            await Eventually.HoldsAsync(
                async () =>
                {
                    var page = await _gateways[instance].Administration.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancel);
                    return page.Split('\n').Any(l => l.StartsWith(metric + "{", StringComparison.Ordinal) && l.Split(' ')[1] == value);
                },
                cancel);
        }
    }
}
