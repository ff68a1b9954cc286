using Gatehouse.Audit;
using Gatehouse.Telemetry;

namespace Gatehouse.Policies.Record;

/// <summary>
/// Sees to it that every accountable exchange that is let through has a place in the trail: how many are under way is bounded by what the trail can
/// still take, and nothing else takes that room, so that an end is not lost because there was none for it. One for the process.
/// </summary>
/// <param name="trail">Null where nothing is served; likewise the events.</param>
internal sealed class AccountBook(AuditTrail? trail, EventWriter? events, TimeProvider clock)
{
    private static readonly TimeSpan BetweenTellings = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private long _toldAt;
    private int _untold;

    /// <summary>Keeps a place for the end of an exchange, where there is one. It has to be settled when the exchange is over.</summary>
    public bool TryReserve() => trail!.TryReserve();

    /// <summary>Writes what is about to be done. When this gives true, it is durable.</summary>
    public ValueTask<bool> IntendAsync(AuditRecord intent) => trail!.WriteAsync(intent);

    /// <summary>Records what nobody waits for. Where there is no room, the trail counts it, and says so when there is again.</summary>
    public void Post(AuditRecord record) => trail!.Post(record);

    /// <summary>Records the end of an exchange for which a place was kept, and gives the place back.</summary>
    public void Settle(AuditRecord record)
    {
        if (!trail!.Settle(record)) return; // the trail says so itself
        if (record.Kind == AuditKind.Unknown) TellOf(record);
    }

    /// <summary>Somebody has to find out what became of it. A service that is away must not fill the operator's screen with it.</summary>
    private void TellOf(AuditRecord unknown)
    {
        int others;
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            if (_toldAt != 0 && clock.GetElapsedTime(_toldAt, now) < BetweenTellings)
            {
                _untold++;
                return;
            }

            (_toldAt, others, _untold) = (now, _untold, 0);
        }

        var more = others == 0 ? "" : $", and of {others} before it";
        events?.Write($"exchange {unknown.RequestId} of route {unknown.Route} was sent and has no answer{more}: nobody knows whether it happened; see 'gatehouse audit open'");
    }
}
