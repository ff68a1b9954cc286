using System.Net;
using System.Text;
using System.Threading.Channels;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Body;
using Gatehouse.Routes;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>The smallest server that forwards: every request opens an exchange, is forwarded, and is refused when forwarding says so.</summary>
internal sealed class ForwardingHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly StateStore _state = new();
    private readonly Channel<Exchange> _ended = Channel.CreateUnbounded<Exchange>();

    private ForwardingHost(Upstream upstream, Route route, TimeProvider clock, HttpProtocols protocols, string? forwardedPath, Dialer? dialer,
        Policy[] policies)
    {
        var client = UpstreamClient.For(upstream, _state, clock, dialer: dialer);
        var repeats = RepeatPlan.For(upstream, route, _state, clock, Meter);
        var listener = PolicyHarness.Listener();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols);
            kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
        });
        _app = builder.Build();
        _app.Run(async http =>
        {
            var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            var question = target.IndexOf('?', StringComparison.Ordinal);
            var exchange = new Exchange(http, listener, 1, clock.GetTimestamp(), "01TESTREQUEST", new PeerAddress(http.Connection.RemoteIpAddress!))
            {
                Path = question < 0 ? target : target[..question],
                Query = question < 0 ? "" : target[question..],
                Host = http.Request.Host.Host,
                Route = route,
                ForwardedPath = forwardedPath,
                Via = "1.1 gh-of-a-test",
            };
            if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true }
                && http.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true })
                http.Request.Body = new CountedBody(http.Request.Body, long.MaxValue, exchange); // as the policy for bodies does
            exchange.Walk.Begin(policies);
            try
            {
                var verdict = await PolicyPipeline.OnRequestAsync(exchange, policies);
                if (verdict.Kind == VerdictKind.Continue)
                    verdict = repeats is null
                        ? await client.ForwardAsync(exchange, ForwardTerms.Of(route))
                        : await repeats.ForwardAsync(client, exchange, ForwardTerms.Of(route));
                if (verdict.Kind == VerdictKind.Reject) await ProblemWriter.WriteAsync(exchange, verdict);
            }
            finally
            {
                _ended.Writer.TryWrite(exchange);
            }
        });
    }

    /// <summary>What is counted of further attempts.</summary>
    public GatehouseMeter Meter { get; } = new();

    public int Port => new Uri(_app.Urls.Single()).Port;

    public static Task<ForwardingHost> StartAsync(params Uri[] destinations) => StartAsync(UpstreamOf(destinations));

    public static async Task<ForwardingHost> StartAsync(
        Upstream upstream, TimeProvider? clock = null, TimeSpan? deadline = null, Upgrade? upgrade = null,
            HttpProtocols protocols = HttpProtocols.Http1,
        string? forwardedPath = null, Dialer? dialer = null, Effect effect = Effect.Read, params Policy[] policies)
    {
        var route = RouteOf(deadline, upgrade, effect);
        var host = new ForwardingHost(upstream, route, clock ?? TimeProvider.System, protocols, forwardedPath, dialer, policies);
        await host._app.StartAsync();
        return host;
    }

    public static Upstream UpstreamOf(params Uri[] destinations) => new()
    {
        Name = "orders",
        Destinations = [.. destinations.Select(d => new DestinationAddress(d))],
        Timeouts = new UpstreamTimeouts(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30)),
        Balance = Balance.RoundRobin,
        Protocol = UpstreamProtocol.Http1,
        Authorities = null,
        Place = new Place("test.yaml", 1, 1),
    };

    /// <summary>How many exchanges a destination is busy with.</summary>
    public int InFlight(Uri destination) => StateOf(destination).InFlight;

    public bool IsUsable(Uri destination) => StateOf(destination).IsUsable;

    /// <summary>The next exchange that ended.</summary>
    public async Task<Exchange> EndedAsync(CancellationToken cancel) => await _ended.Reader.ReadAsync(cancel);

    /// <summary>GET over a connection of its own.</summary>
    public Task<RawResponse> GetAsync(string target, string headers = "") =>
        RawHttpClient.ExchangeAsync(Port, $"GET {target} HTTP/1.1\r\nHost: shop.example\r\n{headers}\r\n");

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource(0);
        await _app.StopAsync(atOnce.Token);
        await _app.DisposeAsync();
        Meter.Dispose();
    }

    private Destination StateOf(Uri destination)
    {
        var address = new DestinationAddress(destination);
        return _state.Get("destination", $"orders {address.Text}", () => new Destination(address));
    }

    private static Route RouteOf(TimeSpan? deadline, Upgrade? upgrade, Effect effect) => new()
    {
        Id = new RouteId("orders/get-order"),
        Owner = "orders@example.test",
        Purpose = "testing",
        Exposure = Exposure.Public,
        Effect = effect,
        PersonalData = PersonalData.None,
        Match = new RouteMatch("GET", new PathTemplate("/{rest**}", []), [], [], []),
        Access = new Access { Anonymous = "a test" },
        Upstream = "orders",
        Deadline = deadline,
        Upgrade = upgrade,
        Waivers = [],
        Specs = new Dictionary<string, object>(),
        Place = new Place("test.yaml", 1, 1),
    };
}
