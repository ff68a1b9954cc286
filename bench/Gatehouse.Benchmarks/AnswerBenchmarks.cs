using System.Net.Http.Headers;
using BenchmarkDotNet.Attributes;
using Gatehouse.Configuration;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Gatehouse.Benchmarks;

/// <summary>What it costs to take over the head of a service's answer, beside what the forwarder below would copy without looking.</summary>
[MemoryDiagnoser]
public class AnswerBenchmarks : IDisposable
{
    private readonly DefaultHttpContext _http = new();
    private HttpResponseMessage _response = null!;
    private InsideAddresses _inside = null!;

    /// <summary>Whether the answer is a redirect to the service's own address.</summary>
    [Params(false, true)]
    public bool Redirects { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _response = new HttpResponseMessage { Content = new ByteArrayContent(new byte[300]) };
        Add(_response.Headers, ("Date", "Tue, 24 Nov 2026 12:00:00 GMT"), ("Server", "nginx"), ("ETag", "\"5f3c\""), ("Cache-Control", "max-age=5"),
            ("Vary", "Accept"), ("X-Frame-Options", "DENY"), ("X-Correlation", "c-17"));
        Add(_response.Content.Headers, ("Content-Type", "application/json"), ("Content-Length", "300"));
        if (Redirects) Add(_response.Headers, ("Location", "http://10.0.3.1:5101/orders/17"));
        var own = new Upstream
        {
            Name = "orders",
            Destinations = [new DestinationAddress(new Uri("http://10.0.3.1:5101"))],
            Timeouts = new UpstreamTimeouts(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)),
            Balance = Balance.RoundRobin,
            Protocol = UpstreamProtocol.Http1,
            Authorities = null,
            Place = new Place("bench.yaml", 1, 1),
        };
        _inside = new InsideAddresses(own, InsideAddresses.AuthoritiesOf([own]));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _response.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public async Task<int> CopiedWithoutLooking()
    {
        _http.Response.Headers.Clear();
        await HttpTransformer.Empty.TransformResponseAsync(_http, _response, CancellationToken.None);
        return _http.Response.Headers.Count;
    }

    [Benchmark]
    public int TakenOver()
    {
        var headers = _http.Response.Headers;
        headers.Clear();
        AnswerFields.Copy(_response.Headers, headers, _inside, joins: false);
        AnswerFields.Copy(_response.Content.Headers, headers, _inside, joins: false);
        return headers.Count;
    }

    private static void Add(HttpHeaders headers, params (string Name, string Value)[] fields)
    {
        foreach (var (name, value) in fields)
        {
            headers.Remove(name);
            headers.TryAddWithoutValidation(name, value);
        }
    }
}
