using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Gatehouse.Pipeline;

namespace Gatehouse.Hosting;

/// <summary>Looks at what was consumed: frames, in whatever pieces, after the client's preface (RFC 9113 sections 3.4 and 4.1).</summary>
internal sealed class WatchedFrames(PipeReader inner, FrameToll toll, OpenStreams streams, AcceptedConnection connection) : PipeReader
{
    private const int Preface = 24;

    private FrameHeads _heads = new(Preface);
    private ReadOnlySequence<byte> _received;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        Check();
        var reading = inner.ReadAsync(cancellationToken);
        if (!reading.IsCompletedSuccessfully) return ReceiveAsync(reading);
        var result = reading.Result;
        _received = result.Buffer;
        return new(result);
    }

    public override bool TryRead(out ReadResult result)
    {
        Check();
        if (!inner.TryRead(out result)) return false;
        _received = result.Buffer;
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var taken = _received.Slice(_received.Start, consumed);
        _received = default;
        foreach (var segment in taken) Count(segment.Span);
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReceiveAsync(ValueTask<ReadResult> reading)
    {
        var result = await reading;
        _received = result.Buffer;
        return result;
    }

    private void Count(ReadOnlySpan<byte> taken)
    {
        while (_heads.TryTake(ref taken, out var frame))
        {
            if (frame.Type == FrameHead.Reset) streams.End(frame.Stream);
            toll.Take(frame, frame.Type == FrameHead.Headers && streams.Open(frame.Stream));
        }
    }

    private void Check()
    {
        if (toll.Fault is not { } fault) return;
        connection.Fault = fault;
        throw new FrameFloodException(fault);
    }
}
