using System.IO.Pipelines;
using Gatehouse.Pipeline;

namespace Gatehouse.Hosting;

/// <summary>What is sent over a connection of HTTP/2: passed on as it is, and looked at for where streams end.</summary>
/// <param name="refused">Told of each stream that the server has taken back before an exchange was made of it.</param>
internal sealed class SentFrames(PipeWriter inner, OpenStreams streams, Action<FrameHead> refused) : PipeWriter
{
    private FrameHeads _heads = new(ahead: 0);
    private Memory<byte> _room;

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override void Advance(int bytes)
    {
        Look(_room.Span[..bytes]);
        _room = _room[bytes..];
        inner.Advance(bytes);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => _room = inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        Look(source.Span);
        return inner.WriteAsync(source, cancellationToken);
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private void Look(ReadOnlySpan<byte> written)
    {
        while (_heads.TryTake(ref written, out var frame))
            if (frame.IsEnd && !streams.End(frame.Stream) && frame.Type == FrameHead.Reset) refused(frame);
    }
}
