namespace Gatehouse.Telemetry.Otlp;

/// <summary>
/// Sends lines to a collector as records of a log: the line is the body, byte for byte as it stands in its own log, so that nothing is in one that is
/// not in the other. Whatever else writes lines (the audit trail is one) is shipped by one more of these.
/// </summary>
/// <param name="name">The name of the records (<c>event_name</c>), as in <c>gatehouse.access</c>.</param>
internal sealed class OtlpLogs(OtlpChannel channel, string name, OtlpSeverity severity, TimeProvider clock) : LineSink
{
    private const int LongestName = 64;

    public override long Dropped => channel.Lost;

    public override void Write(ReadOnlySpan<byte> line) => Write(line, default, 0);

    public override void Write(ReadOnlySpan<byte> line, UInt128 trace, ulong span)
    {
        var buffer = ProtoBuffer.Begin();
        var record = buffer.Open(2);
        var now = UnixTime.NanosecondsOf(clock.GetUtcNow());
        buffer.Fixed(1, now);
        buffer.Number(2, (ulong)severity);
        var body = buffer.Open(5);
        buffer.Bytes(1, line); // lines are ASCII
        buffer.Close(body);
        if (trace != default)
        {
            buffer.Id(9, trace);
            buffer.Id(10, span);
        }

        buffer.Fixed(11, now);
        buffer.Text(12, name, LongestName);
        buffer.Close(record);
        if (buffer.IsOver) channel.LoseTooLong();
        else channel.Write(buffer.Written);
    }
}

/// <summary>How much a record matters (OpenTelemetry's severity numbers).</summary>
internal enum OtlpSeverity
{
    Information = 9,
    Warning = 13,
}

/// <summary>Writes every line to two sinks.</summary>
internal sealed class BothLines(LineSink own, LineSink shipped) : LineSink
{
    /// <summary>Of the first alone: what is lost on the way to a collector is counted there.</summary>
    public override long Dropped => own.Dropped;

    public override void Write(ReadOnlySpan<byte> line)
    {
        own.Write(line);
        shipped.Write(line);
    }

    public override void Write(ReadOnlySpan<byte> line, UInt128 trace, ulong span)
    {
        own.Write(line);
        shipped.Write(line, trace, span);
    }
}

/// <summary>Instants as OpenTelemetry writes them.</summary>
internal static class UnixTime
{
    public static ulong NanosecondsOf(DateTimeOffset time) =>
        (ulong)Math.Max(0, (time - DateTimeOffset.UnixEpoch).Ticks) * TimeSpan.NanosecondsPerTick;
}
