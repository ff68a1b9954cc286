using System.Net;
using BenchmarkDotNet.Attributes;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Runtime;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Benchmarks;

/// <summary>What it costs to find one of few or of many routes, chosen at random; to compile them; and to show that none clash.</summary>
[MemoryDiagnoser]
public class RouteTableBenchmarks
{
    private const int Searches = 4096;

    private CompiledRoute[] _compiled = [];
    private Route[] _routes = [];
    private RouteTable _table = RouteTable.Compile([]);
    private Exchange[] _exchanges = [];

    [Params(10, 10_000)]
    public int Routes { get; set; }

    [GlobalSetup]
    public void Declare()
    {
        var random = new Random(17);
        _routes = [.. Enumerable.Range(0, Routes).Select(i => NewRoute(Template(i)))];
        _compiled = [.. _routes.Select(r => new CompiledRoute(r, [], null!))];
        _table = RouteTable.Compile(_compiled);
        _exchanges = [.. Enumerable.Range(0, Searches)
            .Select(_ => NewExchange(Template(random.Next(Routes)).Replace("{id}", "17", StringComparison.Ordinal)))];
    }

    [Benchmark(OperationsPerInvoke = Searches)]
    public int Find()
    {
        var found = 0;
        foreach (var exchange in _exchanges)
            if (_table.Find(exchange).Route is not null) found++;
        return found == Searches ? found : throw new InvalidOperationException("a route was not found");
    }

    [Benchmark]
    public object Compile() => RouteTable.Compile(_compiled);

    [Benchmark]
    public object Overlap() => RouteOverlap.Find(_routes);

    private static string Template(int i) => (i % 4) switch
    {
        0 => $"/v1/team{i / 100}/service{i}/items/{{id}}",
        1 => $"/v1/team{i / 100}/service{i}/items/{{id}}/lines",
        2 => $"/v2/team{i / 100}/{{id}}/service{i}",
        _ => $"/files/team{i / 100}/report{i}-{{id}}.json",
    };

    internal static Route NewRoute(string template) => new()
    {
        Id = new RouteId(template),
        Owner = "",
        Purpose = "",
        Exposure = Exposure.Public,
        Effect = Effect.Read,
        PersonalData = PersonalData.None,
        Match = new RouteMatch("GET", PathTemplate.TryParse(template, out var path, out var why)
            ? path : throw new InvalidOperationException(why), [], [], []),
        Access = new Access(),
        Upstream = "",
        Deadline = null,
        Upgrade = null,
        Waivers = [],
        Specs = new Dictionary<string, object>(),
        Place = default,
    };

    private static Exchange NewExchange(string path)
    {
        var http = new DefaultHttpContext { Request = { Method = "GET" } };
        return new Exchange(http, null!, 1, 0, "", new PeerAddress(IPAddress.Loopback)) { Path = path, Host = "localhost" };
    }
}
