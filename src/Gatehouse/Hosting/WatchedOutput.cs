using System.IO.Pipelines;

namespace Gatehouse.Hosting;

/// <summary>What is sent over a connection: passed on as it is, and watched for a client that does not take it.</summary>
internal sealed class WatchedOutput(PipeWriter inner, TimeProvider clock) : PipeWriter
{
    private long _since;
    private long _sent;

    /// <summary>Bytes that were written so far.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>The clock's timestamp since which the client has to take something; null while it does.</summary>
    public long? StallsSince => Volatile.Read(ref _since) is var since && since == 0 ? null : since;

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override void Advance(int bytes)
    {
        Volatile.Write(ref _sent, _sent + bytes); // writers take turns
        inner.Advance(bytes);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        var flushing = inner.FlushAsync(cancellationToken);
        return flushing.IsCompleted ? flushing : WaitAsync(flushing);
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        Volatile.Write(ref _sent, _sent + source.Length);
        var writing = inner.WriteAsync(source, cancellationToken);
        return writing.IsCompleted ? writing : WaitAsync(writing);
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private async ValueTask<FlushResult> WaitAsync(ValueTask<FlushResult> flushing)
    {
        Volatile.Write(ref _since, Math.Max(1, clock.GetTimestamp()));
        try
        {
            return await flushing;
        }
        finally
        {
            Volatile.Write(ref _since, 0);
        }
    }
}
