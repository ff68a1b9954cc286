using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Gatehouse.Hosting;

/// <summary>Looks at what was consumed: frames, in whatever pieces, after the client's preface (RFC 9113 sections 3.4 and 4.1).</summary>
internal sealed class WatchedFrames(PipeReader inner, FrameToll toll, AcceptedConnection connection) : PipeReader
{
    private const int Preface = 24;
    private const int Head = 9;

    private readonly byte[] _head = new byte[Head];
    private ReadOnlySequence<byte> _received;
    private int _headLength;
    private int _skip = Preface;

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
        while (true)
        {
            var skip = Math.Min(_skip, taken.Length);
            _skip -= skip;
            taken = taken[skip..];
            var more = Math.Min(Head - _headLength, taken.Length);
            if (more == 0) return;
            taken[..more].CopyTo(_head.AsSpan(_headLength));
            taken = taken[more..];
            if ((_headLength += more) < Head) return;
            _headLength = 0;
            _skip = (_head[0] << 16) | (_head[1] << 8) | _head[2];
            toll.Take(_head[3], _head[4], _skip);
        }
    }

    private void Check()
    {
        if (toll.Fault is not { } fault) return;
        connection.Fault = fault;
        throw new FrameFloodException(fault);
    }
}
