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

    public RecordPolicy(Listener listener, CompileContext context)
    {
        _clock = context.Clock;
        _accessLog = context.AccessLog;
        _meter = context.Meter;
        _noRoute = _meter.Exchanges(listener.Name, GatehouseMeter.NoRoute);
    }

    public override string Name => RecordKind.KindName;

    public override void OnFinished(Exchange exchange)
    {
        var total = _clock.GetElapsedTime(exchange.StartedAt);
        _accessLog.Write(AccessLine.Of(exchange, _clock, total));
        var tally = exchange.RouteTally ?? _noRoute;
        tally.Add(exchange.Status, total);
        if (exchange.ReportedLimit is not null) tally.AddLimitReported();
        if (exchange.Problem is not { } problem) return;
        _meter.Refusals(problem.Name).Add();
        if (ReferenceEquals(problem, Problems.LimitExceeded) || ReferenceEquals(problem, Problems.TooManyAtOnce)) tally.AddLimitRefused();
        else if (ReferenceEquals(problem, Problems.QuotaExceeded)) tally.AddQuotaRefused();
    }
}
