using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Telemetry;

namespace Gatehouse.Policies.Record;

/// <summary>
/// Writes one line of the access log for every exchange when it is over, and counts it. It is the first policy of all: whoever decides, and however
/// an
/// exchange ends, it has been seen here.
/// </summary>
internal sealed class RecordPolicy : Policy
{
    private readonly TimeProvider _clock;
    private readonly LineSink _accessLog;
    private readonly GatehouseMeter _meter;
    private readonly ExchangeTally _noRoute;
    private readonly ExchangeSpans? _spans;
    private readonly HttpInstruments? _http;
    private readonly SecurityWatch? _security;
    private readonly bool _tls;

    public RecordPolicy(Listener listener, CompileContext context)
    {
        _clock = context.Clock;
        _accessLog = context.AccessLog;
        _meter = context.Meter;
        _noRoute = _meter.Exchanges(listener.Name, GatehouseMeter.NoRoute);
        _tls = listener.Tls is not null;
        if (context is { Traces: not null, Spans: { } channel }) _spans = new ExchangeSpans(channel, _clock);
        if (context.HttpMetrics) _http = _meter.Http;
        if (context.Events?.Security is { } security) _security = new SecurityWatch(listener.Name, security, context);
    }

    public override string Name => RecordKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (_http is not null) exchange.CountedAt = _http.Begin(exchange.Method, _tls);
        return new(Verdict.Continue);
    }

    public override void OnFinished(Exchange exchange)
    {
        var total = _clock.GetElapsedTime(exchange.StartedAt);
        _spans?.Tell(exchange);
        var line = AccessLine.Of(exchange, _clock, total);
        if (exchange.Trace is { } trace) _accessLog.Write(line, trace.Trace, trace.Span);
        else _accessLog.Write(line);
        var tally = exchange.RouteTally ?? _noRoute;
        tally.Add(exchange.Status, total);
        if (_http is not null) Measure(exchange, tally, total, _http);
        _security?.Look(exchange);
        if (exchange.ReportedLimit is not null) tally.AddLimitReported();
        if (exchange.Problem is not { } problem) return;
        _meter.Refusals(problem.Name, exchange.DecidedBy ?? "").Add();
        if (ReferenceEquals(problem, Problems.LimitExceeded) || ReferenceEquals(problem, Problems.TooManyAtOnce)) tally.AddLimitRefused();
        else if (ReferenceEquals(problem, Problems.QuotaExceeded)) tally.AddQuotaRefused();
    }

    private void Measure(Exchange exchange, ExchangeTally tally, TimeSpan total, HttpInstruments http)
    {
        if (exchange.CountedAt != 0) http.End(exchange.CountedAt);
        var route = tally.Route == tally.TimedAs ? exchange.Route?.Match.Path.Text : null; // of too many routes none is told apart
        var version = HttpWords.VersionOf(exchange.Http.Request.Protocol);
        http.Served(total, exchange.Method, _tls, route, exchange.Status, version, ExchangeSpans.ErrorOf(exchange));
    }
}
