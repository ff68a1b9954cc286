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

    /// <summary>Streams to one destination at once where nothing is declared; over HTTP/1.1 it is a connection for each.</summary>
    private const int MaxStreams = 10_000;

    /// <summary>By how much a timer may be ahead of the clock, and more: its ticks are coarse.</summary>
    private static readonly TimeSpan TimerAhead = TimeSpan.FromMilliseconds(20);

    private readonly TimeProvider _clock;
    private readonly HttpMessageInvoker _connections;
    private readonly HttpMessageInvoker _once;
    private readonly ObjectPool<ForwardTimer> _timers;
    private readonly Destination[] _destinations;
    private readonly string?[] _hosts;
    private readonly Balancer _balancer;
    private readonly DestinationHealth _health;
    private readonly Breaker? _breaker;
    private readonly Bulkhead _bulkhead;
    private readonly BulkheadRule _atOnce;
    private readonly TimeSpan _retryAfter;
    private readonly ForwarderRequestConfig _settings;
    private readonly UpstreamNews _news;
    private readonly HttpInstruments? _http;
    private readonly InsideAddresses _inside;
    private readonly long _headTicks;

    private UpstreamClient(
        Upstream upstream, StateStore state, TimeProvider clock, FrozenSet<string> inside, UpstreamNews news, Dialer dialer, HttpInstruments? http)
    {
        (_clock, _news, _http) = (clock, news, http);
        _inside = new InsideAddresses(upstream, inside);
        var identity = UpstreamConnections.IdentityOf(upstream);
        (_connections, _once) = state.Get("upstream connections", identity, () => Undisposed.Of(UpstreamConnections.Open(upstream, dialer)));
        _timers = state.Get("forward timers", "", () => new DefaultObjectPool<ForwardTimer>(new ForwardTimers(clock), MaxTimersKept));
        _destinations = new Destination[upstream.Destinations.Count];
        for (var i = 0; i < _destinations.Length; i++)
        {
            var address = upstream.Destinations[i];
            _destinations[i] = state.Get("destination", $"{upstream.Name} {address.Text}", () => new Destination(address));
        }

        _hosts = [.. upstream.Destinations.Select(d => upstream.Tls.ServerName is { } name ? HostOf(name, d.Value) : null)];
        _balancer = new Balancer(upstream, _destinations, Random.Shared, clock);
        var ejections = state.Get("ejections", upstream.Name, static () => new Ejections());
        _health = new DestinationHealth(upstream.Ejection, _destinations, news, clock, Random.Shared, ejections);
        _retryAfter = upstream.Health?.Interval ?? upstream.Ejection.UpTo;
        _breaker = upstream.Breaker is { } rule
            ? state.Get("breaker", $"{upstream.Name} {rule}", () => new Breaker(rule, news, clock, Random.Shared)) : null;
        _bulkhead = state.Get("bulkhead", upstream.Name, () => new Bulkhead());
        var most = upstream.Protocol == UpstreamProtocol.Http2 ? MaxStreams : UpstreamConnections.MaxConnections;
        _atOnce = upstream.AtOnce ?? new BulkheadRule(most * _destinations.Length, 0, TimeSpan.Zero);
        _headTicks = TicksOf(upstream.Timeouts.Head);
        _settings = new ForwarderRequestConfig
        {
            // YARP counts the wait for the head as silence too; that wait has its own, often shorter, time
            ActivityTimeout = upstream.Timeouts.Idle > upstream.Timeouts.Head ? upstream.Timeouts.Idle : upstream.Timeouts.Head,
            Version = VersionOf(upstream),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        Name = upstream.Name;
        Checks = upstream.Health is { } health ? PlansOf(upstream, health, identity, state, news, dialer) : [];
    }

    /// <summary>The client for an upstream, with the connections and counters of the client before it where the upstream is the same.</summary>
    /// <param name="inside">Host and port of every server that no answer may name; the upstream's own are among them anyway.</param>
    /// <param name="events">Tells the operator; null when nothing is served.</param>
    /// <param name="http">Measures what is sent; null for nobody.</param>
    public static UpstreamClient For(
        Upstream upstream, StateStore state, TimeProvider clock, FrozenSet<string>? inside = null, EventWriter? events = null,
        GatehouseMeter? meter = null, Dialer? dialer = null, HttpInstruments? http = null)
    {
        var news = new UpstreamNews(upstream.Name, events, meter);
        return new UpstreamClient(upstream, state, clock, inside ?? FrozenSet<string>.Empty, news, dialer ?? Dialer.ByDns(clock), http);
    }

    public string Name { get; }

    /// <summary>The servers that are chosen among, as written in logs.</summary>
    public IReadOnlyList<string> Destinations => [.. _destinations.Select(d => d.Text)];

    /// <summary>What its destinations are to be asked, where they are asked whether they are well.</summary>
    public IReadOnlyList<HealthPlan> Checks { get; }

    /// <summary>Whether each destination may be chosen, for those who watch.</summary>
    public IEnumerable<(string Destination, bool IsUsable)> Standing => _destinations.Select(d => (d.Text, d.IsUsable));

    /// <summary>Whether its calls are refused because too many fail; null where nothing is declared.</summary>
    public bool? IsOpen => _breaker?.IsOpen;

    /// <summary>Its declaration is in force now, and what the one before has left out stays out only as far as this one allows.</summary>
    public void ComeIntoForce() => _health.ComeIntoForce();

    /// <summary>Forwards. <see cref="Verdict.Answered"/> when the response was (or is being) sent; a refusal when nothing was sent yet.</summary>
    /// <param name="repeats">What the exchange has left of further attempts; null when it is sent once. One may follow whatever is returned.</param>
    public async ValueTask<Verdict> ForwardAsync(Exchange exchange, ForwardTerms terms, Repeats? repeats = null)
    {
        if (_destinations.Length == 0)
            return ForwardOutcome.Refuse(exchange, Problems.UpstreamUnavailable, "the upstream has no destination");
        var now = _clock.GetTimestamp();
        var deadline = terms.Deadline is { } limit ? exchange.StartedAt + TicksOf(limit) : ForwardTimer.Never;
        if (deadline <= now) return TooLate(exchange);
        var first = ChooseFirst(exchange, repeats);
        if (first < 0) return NobodyCan(exchange);
        if (_breaker is not null && !_breaker.TryEnter(exchange.Forward)) return Open(exchange);
        if (!_bulkhead.TryEnter(_atOnce))
        {
            if (_atOnce.Queue == 0 || !await _bulkhead.EnterAsync(_atOnce, WaitUntil(deadline, now), _clock, exchange.Http.RequestAborted))
                return NoRoom(exchange, deadline);
            now = _clock.GetTimestamp();
            if ((deadline <= now ? NoRoom(exchange, deadline) : AfterWait(exchange, repeats, out first)) is { Kind: VerdictKind.Reject } late)
            {
                _bulkhead.Leave(_atOnce); // it came in, and in vain
                return late;
            }
        }

        if (exchange.Forward.BeganAt == 0) exchange.Forward.BeganAt = now;
        var timer = _timers.Get();
        try
        {
            if (terms.MayUpgrade) CountedUpgrade.Watch(exchange);
            var body = WatchBody(exchange, timer);
            timer.Begin(body is null ? now + _headTicks : ForwardTimer.Never, deadline);
            return await SendAsync(exchange, timer, body, first, repeats);
        }
        finally
        {
            _bulkhead.Leave(_atOnce);
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
            call.Attempt = Trace(exchange, index);
            exchange.Forward.Destination = destination.Text;
            exchange.Forward.Attempts++;
            repeats?.Sends();
            var connections = exchange.Route is { Effect: Effect.Read } ? _connections : _once;
            var hedge = repeats is { Hedges: true } ? new HedgedSend(this, repeats, exchange, call, index) : null;
            ForwarderError error;
            var began = _breaker is null && _http is null ? 0 : _clock.GetTimestamp();
            var arrivedBefore = exchange.Forward.MayHaveArrived;
            exchange.Forward.MayHaveArrived = true; // until it is known better
            destination.Enter();
            try
            {
                error = await Forwarder.SendAsync(exchange.Http, destination.Text, hedge ?? connections, _settings, call, timer.Token);
            }
            finally
            {
                if (hedge is not null) (destination, began) = (_destinations[index = hedge.Winner], hedge.WinnerBeganAt(began));
                destination.Leave();
            }

            var exception = error == ForwarderError.None ? null : exchange.Http.Features.Get<IForwarderErrorFeature>()?.Exception;
            exchange.Forward.WaitsForClient = body is { Ended: false };
            var end = AttemptEnds.Of(exchange, call, timer.Expired, error, exception, !exchange.Forward.WaitsForClient);
            Judge(exchange.Forward, destination, end, body is null ? began : body.EndedAt);
            Tell(exchange, call, destination, end, began, exception);
            repeats?.Tried.Add(index);
            if (call.IsReplaced) return Verdict.Continue;
            // an upgrade between different versions of HTTP has another status on each side
            if (exchange.Http.Response.HasStarted) exchange.Status = exchange.Http.Response.StatusCode;
            if (call.Refusal is { } refusal) return ForwardOutcome.Refuse(exchange, call.RefusedAs, refusal);
            if (error == ForwarderError.None) return Verdict.Answered;
            tried.Add(index);
            var nothingSent = body is not { Begun: true } && ForwardOutcome.NeverConnected(error, exception);
            if (nothingSent) exchange.Forward.MayHaveArrived = arrivedBefore;
            if (!nothingSent || timer.Token.IsCancellationRequested || (index = ChooseNext(exchange, tried)) < 0)
                return repeats?.Replaces(timer.Expired, error, exception, nothingSent) == true
                    ? Verdict.Continue : ForwardOutcome.Of(exchange, call, timer.Expired, error, exception);
            exchange.Http.Response.StatusCode = StatusCodes.Status200OK; // the failure's status would count as an answer
        }
    }

    private int ChooseFirst(Exchange exchange, Repeats? repeats) =>
        repeats is null ? _balancer.Choose(exchange, default) : ChooseOther(exchange, repeats.Tried);

    /// <summary>Decides again what was decided before a place was waited for: meanwhile somebody may be down, or the circuit open.</summary>
    private Verdict AfterWait(Exchange exchange, Repeats? repeats, out int first)
    {
        first = ChooseFirst(exchange, repeats);
        if (first < 0)
        {
            _breaker?.Ended(exchange.Forward.Phase, AttemptEnd.Unjudged, 0);
            return NobodyCan(exchange);
        }

        return _breaker is null || _breaker.Holds(exchange.Forward.Phase) || _breaker.TryEnter(exchange.Forward) ? Verdict.Continue : Open(exchange);
    }

    private static Verdict Open(Exchange exchange) =>
        ForwardOutcome.Refuse(exchange, Problems.CircuitOpen, "the upstream's circuit is open");

    /// <summary>Where to go when nobody was there: to another destination, and when there is none left, to one that is ejected.</summary>
    private int ChooseNext(Exchange exchange, in Tried tried) =>
        _balancer.Choose(exchange, tried) is var other and >= 0 ? other : _balancer.ChooseEjected(tried);

    /// <summary>A destination that was not tried, or else any that can be used.</summary>
    private int ChooseOther(Exchange exchange, in Tried tried) =>
        _balancer.Choose(exchange, tried) is var other and >= 0 ? other : _balancer.Choose(exchange, default);

    /// <summary>Hears of the end of every attempt, once: what it says of the destination and of the upstream.</summary>
    /// <param name="began">The timestamp from which the destination was waited for; 0 where that cannot be said.</param>
    private void Judge(ForwardState forward, Destination destination, AttemptEnd end, long began)
    {
        _health.Ended(destination, end);
        _breaker?.Ended(forward.Phase, end, began == 0 || forward.HeadAt == 0 ? 0 : forward.HeadAt - began);
    }

    /// <summary>Says what became of an attempt to those who watch.</summary>
    /// <param name="began">The timestamp at which it began; 0 where nobody measures it.</param>
    private void Tell(Exchange exchange, ForwardCall call, Destination destination, AttemptEnd end, long began, Exception? exception)
    {
        var error = end.IsFailure() && end != AttemptEnd.Unavailable ? end.Say() : null;
        call.Attempt?.End(_clock.GetTimestamp(), call.Status, error);
        if (exception is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }) _news.TlsFailed(destination);
        if (_http is null) return;
        var answered = exchange.Forward.HeadAt >= began ? exchange.Forward.HeadAt : _clock.GetTimestamp();
        var took = _clock.GetElapsedTime(began, answered);
        _http.Sent(took, exchange.Method, destination.Address.Host, destination.Port, call.Status, error);
    }

    private Verdict NobodyCan(Exchange exchange)
    {
        exchange.Forward.RetrySeconds = _health.SecondsUntilReturn(_retryAfter);
        return ForwardOutcome.Refuse(exchange, Problems.UpstreamUnavailable, "no destination can be used");
    }

    private static Verdict TooLate(Exchange exchange) =>
        ForwardOutcome.Refuse(exchange, Problems.DeadlineExceeded, "the route's deadline has passed");

    /// <summary>How long a place is waited for: never beyond the deadline.</summary>
    private TimeSpan WaitUntil(long deadline, long now)
    {
        if (deadline == ForwardTimer.Never) return _atOnce.Wait;
        var left = _clock.GetElapsedTime(now, deadline);
        return left < _atOnce.Wait ? left : _atOnce.Wait;
    }

    /// <summary>Nothing was sent, and nobody is judged.</summary>
    private Verdict NoRoom(Exchange exchange, long deadline)
    {
        _breaker?.Ended(exchange.Forward.Phase, AttemptEnd.Unjudged, 0);
        if (exchange.Http.RequestAborted.IsCancellationRequested) return ClientLeft.End(exchange);
        if (deadline - TicksOf(TimerAhead) <= _clock.GetTimestamp()) return TooLate(exchange);
        exchange.Forward.RetrySeconds = 1;
        return ForwardOutcome.Refuse(exchange, Problems.UpstreamBusy, "the upstream has as many exchanges as it may");
    }

    private WatchedBody? WatchBody(Exchange exchange, ForwardTimer timer)
    {
        if (exchange.Http.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true }) return null;
        var watched = new WatchedBody(exchange.Http.Request.Body, timer, _clock, _headTicks);
        exchange.Http.Request.Body = watched;
        return watched;
    }

    private HealthPlan[] PlansOf(
        Upstream upstream, HealthRule rule, string identity, StateStore state, UpstreamNews news, Dialer dialer)
    {
        var connections = state.Get("health connections", identity, () => UpstreamConnections.Open(upstream, dialer));
        return
        [
            .. _destinations.Select((destination, i) => new HealthPlan(
                $"{identity} {destination.Text} {rule}", destination, connections, rule, _hosts[i], VersionOf(upstream), news)),
        ];
    }

    /// <summary>The name that is asked for at this address: connections take the name for TLS from it too.</summary>
    private static string HostOf(string name, Uri address) =>
        address.IsDefaultPort ? name : string.Create(CultureInfo.InvariantCulture, $"{name}:{address.Port}");

    private static Version VersionOf(Upstream upstream) =>
        upstream.Protocol == UpstreamProtocol.Http2 ? HttpVersion.Version20 : HttpVersion.Version11;

    /// <summary>
    /// Connections that nobody disposes of when a reload has others: an exchange that began before may still need one. Idle ones end by themselves.
    /// </summary>
    /// <param name="Once">The same, for what may not be done twice.</param>
    private sealed record Undisposed(HttpMessageInvoker Connections, HttpMessageInvoker Once)
    {
        public static Undisposed Of(HttpMessageInvoker connections) => new(connections, new SingleSend(connections));
    }

    private long TicksOf(TimeSpan time) => (long)(time.TotalSeconds * _clock.TimestampFrequency);
}
