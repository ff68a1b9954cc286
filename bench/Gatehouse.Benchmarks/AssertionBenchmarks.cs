using System.Net;
using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using Gatehouse.Assertions;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Assert;
using Gatehouse.Routes;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Benchmarks;

/// <summary>
/// What it costs to tell a backend who calls: to find an assertion that is in use, to make one, and to make one for a single request.
/// </summary>
[MemoryDiagnoser]
public class AssertionBenchmarks
{
    private readonly Exchange _exchange = new(
        new DefaultHttpContext { Request = { Method = "GET" } }, null!, 1, 0, "01M8A45X6NK44DKHMDSA7QDZ4S", new PeerAddress(IPAddress.Loopback))
    {
        Path = "/orders/17",
        Query = "?a=1",
    };

    private AssertPolicy _reused = null!;
    private AssertEachPolicy _each = null!;
    private AssertionWriter _writer = null!;

    [GlobalSetup]
    public void Declare()
    {
        using var pem = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = AssertionKey.Read(new Secret("", Encoding.ASCII.GetBytes(pem.ExportPkcs8PrivateKeyPem())), out _)!;
        var issuer = new AssertionIssuer("https://gateway.in.retailer.example", [key]) { Gateway = "front-door", Environment = "production" };
        var consumer = new Consumer
        {
            Id = new ConsumerId("web-shop"),
            Kind = ConsumerKind.Application,
            Owner = "",
            Grants = new HashSet<Scope> { new("orders.read"), new("returns.read") },
            Authenticate = [],
        };
        _exchange.Caller = new Caller
        {
            Consumer = consumer,
            CredentialKind = "token",
            CredentialId = "",
            Scopes = consumer.Grants,
            Person = new Person("customers", "8f1f5c1e-5d5e-4d3b-9a54-0f3f6f0c2a77"),
            People = ["customers"],
        };
        _writer = new AssertionWriter(issuer, RouteTableBenchmarks.NewRoute("/orders/{id}"));
        _reused = new AssertPolicy(_writer, new AssertionTable(), TimeProvider.System);
        _each = new AssertEachPolicy(_writer, TimeProvider.System);
    }

    [Benchmark]
    public ValueTask<Verdict> Reused() => _reused.OnRequestAsync(_exchange);

    [Benchmark]
    public string? Made() => _writer.Write(_exchange.Caller, TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow(), null);

    [Benchmark]
    public ValueTask<Verdict> ForOneRequest() => _each.OnRequestAsync(_exchange);
}
