namespace Gatehouse.Telemetry;

/// <summary>Where nothing is served, nothing is written.</summary>
internal sealed class NoLines : LineSink
{
    public override long Dropped => 0;

    public override void Write(ReadOnlySpan<byte> line)
    {
    }
}
