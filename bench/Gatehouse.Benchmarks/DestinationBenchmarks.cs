using System.Net;
using BenchmarkDotNet.Attributes;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Benchmarks;

/// <summary>What it costs to choose a destination that can be used, to enter and leave an upstream, and to judge an attempt that went well.</summary>
[MemoryDiagnoser]
public class DestinationBenchmarks
{
    private readonly Bulkhead _bulkhead = new();
    private readonly BulkheadRule _rule = new(2000, 0, TimeSpan.Zero);
    private readonly ForwardState _forward = new();
    private Exchange _exchange = null!;
    private Destination[] _destinations = null!;
    private Balancer _byPower = null!;
    private Balancer _byTurns = null!;
    private Balancer _byHash = null!;
    private DestinationHealth _health = null!;
    private Breaker _breaker = null!;

    private static Listener Edge { get; } = new()
    {
        Name = "edge",
        Address = new IPEndPoint(IPAddress.Loopback, 0),
        Serves = new HashSet<Exposure> { Exposure.Public },
        Hosts = [],
        Networks = null,
        Proxies = null,
        ProxyProtocol = false,
        Protocols = Protocols.Http1,
        Tls = null,
        Intake = new IntakeLimits(),
        Place = new Place("bench.yaml", 1, 1),
    };

    [Params(2, 16)]
    public int Destinations { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var http = new DefaultHttpContext();
        http.Request.Headers["X-Tenant"] = "tenant-17";
        _exchange = new Exchange(http, Edge, 1, 1, "01BENCH", new PeerAddress(IPAddress.Loopback));
        var upstream = new Upstream
        {
            Name = "orders",
            Destinations = [.. Enumerable.Range(1, Destinations).Select(i => new DestinationAddress(new Uri($"http://10.0.0.{i}:5101")))],
            Timeouts = new UpstreamTimeouts(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30)),
            Balance = Balance.PowerOfTwoChoices,
            Protocol = UpstreamProtocol.Http1,
            Authorities = null,
            Place = new Place("bench.yaml", 1, 1),
        };
        _destinations = [.. upstream.Destinations.Select(d => new Destination(d))];
        var news = new UpstreamNews("orders", null, null);
        _byPower = new Balancer(upstream, _destinations, Random.Shared, TimeProvider.System);
        _byTurns = new Balancer(upstream with { Balance = Balance.RoundRobin }, _destinations, Random.Shared, TimeProvider.System);
        _byHash = new Balancer(
            upstream with { Balance = Balance.Hash, Hash = new HashRule(HashBy.Header, "X-Tenant", null) },
            _destinations, Random.Shared, TimeProvider.System);
        _health = new DestinationHealth(EjectionRule.Usual, _destinations, news, TimeProvider.System, Random.Shared);
        _breaker = new Breaker(BreakerRule.Usual, news, TimeProvider.System, Random.Shared);
    }

    [Benchmark]
    public int PowerOfTwo() => _byPower.Choose(_exchange, default);

    [Benchmark]
    public int RoundRobin() => _byTurns.Choose(_exchange, default);

    [Benchmark]
    public int Hash() => _byHash.Choose(_exchange, default);

    /// <summary>What every exchange pays.</summary>
    [Benchmark]
    public void EnterJudgeLeave()
    {
        if (!_bulkhead.TryEnter(_rule)) return;
        _health.Ended(_destinations[0], AttemptEnd.Good);
        _bulkhead.Leave(_rule);
    }

    /// <summary>What is paid where a breaker is declared.</summary>
    [Benchmark]
    public void Breaker()
    {
        if (_breaker.TryEnter(_forward)) _breaker.Ended(_forward.Phase, AttemptEnd.Good, 0);
    }
}
