using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.ObjectPool;
using Yarp.ReverseProxy.Forwarder;

namespace Gatehouse.Upstreams;

/// <summary>
/// Forwards exchanges to one upstream: chooses a destination and streams through YARP. What is asked for is not judged here: an upgrade
/// that comes this far was allowed by the route's policies.
/// </summary>
internal sealed partial class UpstreamClient
{
    /// <summary>It keeps nothing of its own. It does not log: it would write raw targets, and the access log says what is needed.</summary>
    private static readonly IHttpForwarder Forwarder = new ServiceCollection()
        .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
        .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
        .AddHttpForwarder()
        .BuildServiceProvider()
        .GetRequiredService<IHttpForwarder>();

    private const int MaxTimersKept = 1024;

    private readonly TimeProvider _clock;
    private readonly HttpMessageInvoker _connections;
    private readonly ObjectPool<ForwardTimer> _timers;
    private readonly Destination[] _destinations;
    private readonly string?[] _hosts;
    private readonly Balancer _balancer;
    private readonly DestinationHealth _health;
    private readonly TimeSpan _retryAfter;
    private readonly ForwarderRequestConfig _settings;
    private readonly InsideAddresses _inside;
    private readonly long _headTicks;

    private UpstreamClient(
        Upstream upstream, HttpMessageInvoker connections, ObjectPool<ForwardTimer> timers, Destination[] destinations, InsideAddresses inside,
        UpstreamNews news, TimeProvider clock)
    {
        _clock = clock;
        _inside = inside;
        _connections = connections;
        _timers = timers;
        _destinations = destinations;
        _hosts = [.. upstream.Destinations.Select(d => upstream.Tls.ServerName is { } name ? HostOf(name, d.Value) : null)];
        _balancer = new Balancer(upstream, destinations, Random.Shared, clock);
        _health = new DestinationHealth(upstream.Ejection, destinations, news, clock, Random.Shared);
        _retryAfter = upstream.Health?.Interval ?? upstream.Ejection.UpTo;
        _headTicks = TicksOf(upstream.Timeouts.Head);
        _settings = new ForwarderRequestConfig
        {
            // YARP counts the wait for the head as silence too; that wait has its own, often shorter, time
            ActivityTimeout = upstream.Timeouts.Idle > upstream.Timeouts.Head ? upstream.Timeouts.Idle : upstream.Timeouts.Head,
            Version = upstream.Protocol == UpstreamProtocol.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    /// <summary>The client for an upstream, with the connections and counters of the client before it where the upstream is the same.</summary>
    /// <param name="inside">Host and port of every server that no answer may name; the upstream's own are among them anyway.</param>
    /// <param name="events">Tells the operator; null when nothing is served.</param>
    public static UpstreamClient For(
        Upstream upstream, StateStore state, TimeProvider clock, FrozenSet<string>? inside = null, EventWriter? events = null,
        GatehouseMeter? meter = null)
    {
        var connections = state.Get("upstream connections", UpstreamConnections.IdentityOf(upstream), () => UpstreamConnections.Open(upstream));
        var timers = state.Get("forward timers", "", () => new DefaultObjectPool<ForwardTimer>(new ForwardTimers(clock), MaxTimersKept));
        var destinations = new Destination[upstream.Destinations.Count];
        for (var i = 0; i < destinations.Length; i++)
        {
            var address = upstream.Destinations[i];
            destinations[i] = state.Get("destination", $"{upstream.Name} {address.Text}", () => new Destination(address));
        }

        return new UpstreamClient(
            upstream, connections, timers, destinations, new InsideAddresses(upstream, inside ?? FrozenSet<string>.Empty),
            new UpstreamNews(upstream.Name, events, meter), clock);
    }

    /// <summary>The servers that are chosen among, as written in logs.</summary>
    public IReadOnlyList<string> Destinations => [.. _destinations.Select(d => d.Text)];

    /// <summary>Forwards. <see cref="Verdict.Answered"/> when the response was (or is being) sent; a refusal when nothing was sent yet.</summary>
    /// <param name="repeats">What the exchange has left of further attempts; null when it is sent once. One may follow whatever is returned.</param>
    public async ValueTask<Verdict> ForwardAsync(Exchange exchange, Route route, Repeats? repeats = null)
    {
        if (_destinations.Length == 0)
            return ForwardOutcome.Refuse(exchange, Problems.UpstreamUnavailable, "the upstream has no destination");
        var first = repeats is null ? _balancer.Choose(exchange, default) : ChooseOther(exchange, repeats.Tried);
        if (first < 0) return NobodyCan(exchange);
        var now = _clock.GetTimestamp();
        if (exchange.Forward.BeganAt == 0) exchange.Forward.BeganAt = now;
        var deadline = route.Deadline is { } limit ? exchange.StartedAt + TicksOf(limit) : ForwardTimer.Never;
        if (deadline <= now) return ForwardOutcome.Refuse(exchange, Problems.DeadlineExceeded, "the route's deadline has passed");

        var timer = _timers.Get();
        try
        {
            if (route.Upgrade is not null) CountedUpgrade.Watch(exchange);
            var body = WatchBody(exchange, timer);
            timer.Begin(body is null ? now + _headTicks : ForwardTimer.Never, deadline);
            return await SendAsync(exchange, timer, body, first, repeats);
        }
        finally
        {
            exchange.Forward.EndedAt = _clock.GetTimestamp();
            _timers.Return(timer);
        }
    }

    /// <summary>
    /// Sends to the chosen destination; while no connection comes about, to others, each at most once. That is safe for every method, because
    /// nothing was sent, and it ends at the latest when the wait for the head does.
    /// </summary>
    private async ValueTask<Verdict> SendAsync(Exchange exchange, ForwardTimer timer, WatchedBody? body, int index, Repeats? repeats)
    {
        var call = new ForwardCall(exchange, timer, _clock, _inside) { Repeats = repeats };
        var tried = default(Tried);
        while (true)
        {
            var destination = _destinations[index];
            call.Host = _hosts[index];
            exchange.Forward.Destination = destination.Text;
            exchange.Forward.Attempts++;
            var hedge = repeats is { Hedges: true } ? new HedgedSend(this, repeats, exchange, call, index) : null;
            ForwarderError error;
            destination.Enter();
            try
            {
                error = await Forwarder.SendAsync(exchange.Http, destination.Text, hedge ?? _connections, _settings, call, timer.Token);
            }
            finally
            {
                if (hedge is not null) destination = _destinations[index = hedge.Winner];
                destination.Leave();
            }

            var exception = error == ForwarderError.None ? null : exchange.Http.Features.Get<IForwarderErrorFeature>()?.Exception;
            Judge(destination, AttemptEnds.Of(exchange, call, timer.Expired, error, exception, body is not { Ended: false }));
            repeats?.Tried.Add(index);
            if (call.IsReplaced) return Verdict.Continue;
            // an upgrade between different versions of HTTP has another status on each side
            if (exchange.Http.Response.HasStarted) exchange.Status = exchange.Http.Response.StatusCode;
            if (call.Refusal is { } refusal) return ForwardOutcome.Refuse(exchange, call.RefusedAs, refusal);
            if (error == ForwarderError.None) return Verdict.Answered;
            tried.Add(index);
            var nothingSent = body is not { Begun: true } && ForwardOutcome.NeverConnected(error, exception);
            if (!nothingSent || timer.Token.IsCancellationRequested || (index = _balancer.Choose(exchange, tried)) < 0)
                return repeats?.Replaces(timer.Expired, error, exception, nothingSent) == true
                    ? Verdict.Continue : ForwardOutcome.Of(exchange, call, timer.Expired, error, exception);
            exchange.Http.Response.StatusCode = StatusCodes.Status200OK; // the failure's status would count as an answer
        }
    }

    /// <summary>A destination that was not tried, or else any that can be used.</summary>
    private int ChooseOther(Exchange exchange, in Tried tried) =>
        _balancer.Choose(exchange, tried) is var other and >= 0 ? other : _balancer.Choose(exchange, default);

    /// <summary>Hears of the end of every attempt, once: what it says of the destination.</summary>
    private void Judge(Destination destination, AttemptEnd end) => _health.Ended(destination, end);

    private Verdict NobodyCan(Exchange exchange)
    {
        exchange.Forward.RetrySeconds = _health.SecondsUntilReturn(_retryAfter);
        return ForwardOutcome.Refuse(exchange, Problems.UpstreamUnavailable, "no destination can be used");
    }

    private WatchedBody? WatchBody(Exchange exchange, ForwardTimer timer)
    {
        if (exchange.Http.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true }) return null;
        var watched = new WatchedBody(exchange.Http.Request.Body, timer, _clock, _headTicks);
        exchange.Http.Request.Body = watched;
        return watched;
    }

    /// <summary>The name that is asked for at this address: connections take the name for TLS from it too.</summary>
    private static string HostOf(string name, Uri address) =>
        address.IsDefaultPort ? name : string.Create(CultureInfo.InvariantCulture, $"{name}:{address.Port}");

    private long TicksOf(TimeSpan time) => (long)(time.TotalSeconds * _clock.TimestampFrequency);
}
