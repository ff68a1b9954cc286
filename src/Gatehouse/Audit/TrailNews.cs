using System.Globalization;
using Gatehouse.Configuration;
using Gatehouse.Telemetry;

namespace Gatehouse.Audit;

/// <summary>What the operator is told of a trail: once when it cannot be written, and once when it can again.</summary>
internal sealed class TrailNews(AuditStore store, EventWriter events, AuditTally tally)
{
    private bool _told;

    public void Found()
    {
        tally.IsLost = false;
        if (!_told) return;
        _told = false;
        events.Write($"the audit trail is written again in {store.Name}");
    }

    public void Lost(Exception e) =>
        Lost($"the audit trail cannot be written in {store.Name} ({Why(e)}); what has to be recorded first is refused until it can");

    /// <param name="within">For how long somebody has waited.</param>
    public void Lost(TimeSpan within) => Lost(string.Create(
        CultureInfo.InvariantCulture,
        $"the audit trail takes longer than {within.TotalSeconds:0.#} s to be written in {store.Name}; what has to be recorded first is refused"));

    public void NotTakenOut(Exception e) =>
        events.Write($"records whose time is over could not be taken out of {store.Name} ({Why(e)}); it is tried again in an hour");

    /// <param name="sequence">The first record whose own time nobody can believe.</param>
    public void Doubtful(long sequence) => events.Write(string.Create(
        CultureInfo.InvariantCulture,
        $"record {sequence} in {store.Name} was edited, or is not as old as the time beside it says: from there on nothing is taken out; see 'gatehouse audit verify'"));

    /// <param name="left">Records that were taken and not written, and those that were not taken, which nothing says now.</param>
    public void NotWritten(long left) => events.Write(string.Create(
        CultureInfo.InvariantCulture, $"{left} records of the audit trail could not be written before the end in {store.Name}"));

    public void NotEnded(Exception e) => events.Write($"the audit trail could not be ended in {store.Name} ({Why(e)}); the next start will say so");

    private string Why(Exception e) => Show.Bounded(store.Why(e));

    private void Lost(string text)
    {
        tally.IsLost = true;
        if (_told) return;
        _told = true;
        events.Write(text);
    }
}
