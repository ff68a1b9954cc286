using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Limits;
using Gatehouse.Stores;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Stores;

/// <summary>Several instances of one route with a quota, each with a clock that the test moves, and a real store.</summary>
internal sealed class QuotaInstances : IDisposable
{
    public const string Free = "limits: [ { per: all, allow: 10000000, every: 1s, shared: local } ]\n";

    private readonly RedisServer _server;
    private readonly string _fragment;
    private readonly int _shared;
    private readonly List<(PolicyHarness Gateway, Policy Policy)> _all = [];
    private readonly DateTimeOffset _at;
    private readonly TestFolder? _folder;

    private QuotaInstances(RedisServer server, string fragment, int shared, DateTimeOffset at, TestFolder? folder) =>
        (_server, _fragment, _shared, _at, _folder) = (server, fragment, shared, at, folder);

    /// <param name="folder">Where each has a file; null where none has one.</param>
    public static async Task<QuotaInstances> StartAsync(
        RedisServer server, int count, string quotas, CancellationToken cancel, string more = Free, DateTimeOffset? at = null,
        TestFolder? folder = null)
    {
        var instances = new QuotaInstances(
            server, $"{more}quotas: {quotas}", count, at ?? new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero), folder);
        for (var i = 0; i < count; i++) await instances.AddAsync(cancel);
        return instances;
    }

    private async Task AddAsync(CancellationToken cancel)
    {
        var gateway = new PolicyHarness { QuotaFile = _folder?.Of($"{_all.Count}.db") };
        gateway.Clock.SetUtcNow(_at);
        var settings = new RedisSettings([_server.Address.ToString()], "front/test", _shared, TimeSpan.FromSeconds(5))
        {
            Pepper = new Secret("file:x", Encoding.ASCII.GetBytes("a pepper of a test, long enough to be one, and no secret")),
        };
        gateway.Store = gateway.State.Get("store", "it",
            () => new SharedStore(settings, gateway.Clock, new EventWriter(gateway.Told, gateway.Clock), gateway.Meter));
        gateway.Store.Start();
        _all.Add((gateway, gateway.Compile(new LimitsKind(), _fragment)!));
        await Eventually.HoldsAsync(() => Task.FromResult(gateway.Store.IsFine), cancel);
    }

    public void Advance(TimeSpan time)
    {
        foreach (var (gateway, _) in _all) gateway.Clock.Advance(time);
    }

    /// <summary>Waits until all have a store; a lost one is tried as their clocks go on.</summary>
    public async Task FindAsync(CancellationToken cancel)
    {
        foreach (var (gateway, _) in _all)
            await Eventually.HoldsAsync(
                () =>
                {
                    if (!gateway.Store!.IsFine) gateway.Clock.Advance(TimeSpan.FromMilliseconds(500));
                    return Task.FromResult(gateway.Store.IsFine);
                },
                cancel);
    }

    /// <summary>One call; and whether it was decided without waiting.</summary>
    public async Task<(Exchange Exchange, bool AtOnce)> CallAsync(int instance, string consumer = "shop")
    {
        var (gateway, policy) = _all[instance];
        var exchange = gateway.Exchange(peer: "192.0.2.1");
        exchange.Caller = PolicyHarness.Caller(new Consumer
        {
            Id = new ConsumerId(consumer),
            Kind = ConsumerKind.Application,
            Owner = "o",
            Grants = new HashSet<Scope>(),
            Authenticate = [],
        });
        var deciding = policy.OnRequestAsync(exchange);
        var atOnce = deciding.IsCompleted;
        exchange.Problem = (await deciding).Problem;
        policy.OnResponse(exchange);
        policy.OnFinished(exchange);
        return (exchange, atOnce);
    }

    /// <summary>Calls one instance; how many passed. Every other has to be refused because the quota is used up, or as given.</summary>
    public async Task<int> PassAsync(int instance, int calls, string consumer = "shop", Problem? or = null)
    {
        var passed = 0;
        for (var i = 0; i < calls; i++)
        {
            var problem = (await CallAsync(instance, consumer)).Exchange.Problem;
            if (problem is null) passed++;
            else Assert.True(ReferenceEquals(problem, Problems.QuotaExceeded) || (or is not null && ReferenceEquals(problem, or)), problem.Type);
        }

        return passed;
    }

    /// <summary>Calls all instances at once, several times at once each; how many passed.</summary>
    public async Task<int> PassAllAsync(int calls, int atOnce = 6, Problem? or = null) =>
        (await Task.WhenAll(Enumerable.Range(0, _all.Count * atOnce)
            .Select(i => Task.Run(() => PassAsync(i % _all.Count, calls / atOnce, or: or))))).Sum();

    public void Dispose()
    {
        foreach (var (gateway, _) in _all) gateway.State.Dispose();
    }
}
