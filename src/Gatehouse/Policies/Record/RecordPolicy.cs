using Gatehouse.Audit;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Telemetry;

namespace Gatehouse.Policies.Record;

/// <summary>
/// Writes one line of the access log for every exchange when it is over, and counts it. It is the first policy of all: whoever decides, and however
/// an exchange ends, it has been seen here. What no route accounts for and is to be in the trail is put there too.
/// </summary>
internal sealed class RecordPolicy : Policy
{
    private readonly TimeProvider _clock;
    private readonly LineSink _accessLog;
    private readonly GatehouseMeter _meter;
    private readonly ExchangeTally _noRoute;
    private readonly AccountBook? _book;
    private readonly ExchangeRecords? _records;
    private readonly bool _accountsForAll;
    private readonly ExchangeSpans? _spans;
    private readonly HttpInstruments? _http;
    private readonly SecurityWatch? _security;
    private readonly PastExchanges? _past;
    private readonly bool _tls;

    public RecordPolicy(Listener listener, CompileContext context)
    {
        _clock = context.Clock;
        _accessLog = context.AccessLog;
        _meter = context.Meter;
        _past = context.Past;
        _noRoute = _meter.Exchanges(listener.Name, GatehouseMeter.NoRoute);
        _tls = listener.Tls is not null;
        if (context is { Traces: not null, Spans: { } channel }) _spans = new ExchangeSpans(channel, _clock);
        if (context.HttpMetrics) _http = _meter.Http;
        if (context.Events?.Security is { } security) _security = new SecurityWatch(listener.Name, security, context);
        if (context.Subjects is not { } key) return;
        _book = AccountKind.BookOf(context);
        _records = new ExchangeRecords(null, key, _clock);
        _accountsForAll = listener.Serves.Contains(Exposure.Partner); // partners alone, and every exchange of theirs
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
        Count(exchange, total); // who has read its line finds it counted and remembered
        if (_past is not null) Remembered.Add(_past, exchange, _clock, total);
        _spans?.Tell(exchange);
        var line = AccessLine.Of(exchange, _clock, total);
        if (exchange.Trace is { } trace) _accessLog.Write(line, trace.Trace, trace.Span);
        else _accessLog.Write(line);
        _security?.Look(exchange);
        if (_book is not null && exchange.Accounting == Accounting.None) Account(exchange, _book, _records!);
    }

    private void Count(Exchange exchange, TimeSpan total)
    {
        var tally = exchange.RouteTally ?? _noRoute;
        tally.Add(exchange.Status, total);
        if (_http is not null) Measure(exchange, tally, total, _http);
        if (exchange.ReportedLimit is not null) tally.AddLimitReported();
        if (exchange.Problem is not { } problem) return;
        _meter.Refusals(problem.Name, exchange.DecidedBy ?? "").Add();
        if (ReferenceEquals(problem, Problems.LimitExceeded) || ReferenceEquals(problem, Problems.TooManyAtOnce)) tally.AddLimitRefused();
        else if (ReferenceEquals(problem, Problems.QuotaExceeded)) tally.AddQuotaRefused();
    }

    private void Account(Exchange exchange, AccountBook book, ExchangeRecords records)
    {
        if (!_accountsForAll && SecurityRefusals.Of(exchange) is null) return;
        exchange.Accounting = Accounting.Settled;
        book.Post(records.Whole(exchange, wasLetThrough: false));
    }

    private void Measure(Exchange exchange, ExchangeTally tally, TimeSpan total, HttpInstruments http)
    {
        if (exchange.CountedAt != 0) http.End(exchange.CountedAt);
        var route = tally.Route == tally.TimedAs ? exchange.Route?.Match.Path.Text : null; // of too many routes none is told apart
        var version = HttpWords.VersionOf(exchange.Http.Request.Protocol);
        http.Served(total, exchange.Method, _tls, route, exchange.Status, version, ExchangeSpans.ErrorOf(exchange));
    }
}
