namespace Gatehouse.Telemetry;

/// <summary>Takes finished lines (without the line feed) and never makes the caller wait; what does not fit is dropped and counted.</summary>
internal abstract class LineSink
{
    /// <summary>Lines dropped since the start because the sink was full.</summary>
    public abstract long Dropped { get; }

    public abstract void Write(ReadOnlySpan<byte> line);

    /// <summary>The same, for those who tie a line to the span that it tells of; 0 for none.</summary>
    public virtual void Write(ReadOnlySpan<byte> line, UInt128 trace, ulong span) => Write(line);
}
