using System.Globalization;

namespace Gatehouse.Pipeline;

/// <summary>
/// An exchange's place in a trace (W3C Trace Context), where exchanges are traced: its own span, and one for each time that it is sent.
/// </summary>
/// <param name="Parent">The span of whoever calls; 0 for none.</param>
/// <param name="IsSampled">Whether it is told however it ends. A refusal is told in any case.</param>
internal sealed record ExchangeTrace(UInt128 Trace, ulong Span, ulong Parent, bool IsSampled)
{
    /// <summary>More than there are of one exchange are not told.</summary>
    private const int MostAttempts = 16;

    private List<AttemptTrace>? _attempts;

    /// <summary>In the order in which they began.</summary>
    public IReadOnlyList<AttemptTrace> Attempts => _attempts ?? (IReadOnlyList<AttemptTrace>)[];

    /// <summary>A trace that begins here, and is told only if the exchange is refused.</summary>
    public static ExchangeTrace Begin() => new(new UInt128(NewId(), NewId()), NewId(), 0, false);

    /// <summary>Never 0. Ids of traces are no secrets, so that the fast generator will do.</summary>
    public static ulong NewId() => (ulong)Random.Shared.NextInt64(1, long.MaxValue);

    public string TraceText => Trace.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>What a service is told: the span that it is called by.</summary>
    /// <param name="destination">Scheme, host and port.</param>
    /// <param name="now">The clock's timestamp.</param>
    public AttemptTrace Send(string upstream, Uri destination, long now)
    {
        var attempt = new AttemptTrace(this, NewId(), upstream, destination, now);
        if ((_attempts ??= new List<AttemptTrace>(1)).Count < MostAttempts) _attempts.Add(attempt);
        return attempt;
    }
}

/// <summary>One request to a service, as it is traced.</summary>
/// <param name="BeganAt">The clock's timestamp.</param>
internal sealed record AttemptTrace(ExchangeTrace Of, ulong Span, string Upstream, Uri Destination, long BeganAt)
{
    /// <summary>The clock's timestamp; 0 while it is under way.</summary>
    public long EndedAt { get; private set; }

    /// <summary>The status of the service's answer; 0 for none.</summary>
    public int Status { get; private set; }

    /// <summary>What went wrong, a constant text; null for nothing.</summary>
    public string? Error { get; private set; }

    /// <summary>The value of <c>traceparent</c>.</summary>
    public string Header => string.Create(
        CultureInfo.InvariantCulture, $"00-{Of.Trace:x32}-{Span:x16}-{(Of.IsSampled ? "01" : "00")}");

    public void End(long now, int status, string? error) => (EndedAt, Status, Error) = (now, status, error);
}
