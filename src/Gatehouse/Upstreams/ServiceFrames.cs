using System.Runtime.CompilerServices;
using Gatehouse.Pipeline;

namespace Gatehouse.Upstreams;

/// <summary>A service of HTTP/2 that sends more frames than anybody needs.</summary>
internal sealed class ServiceFloodException() : IOException("more frames than anybody needs");

/// <summary>
/// What comes over a connection to a service of HTTP/2, looked at frame by frame (RFC 9113 section 4.1) and never changed. The client below answers
/// and reads whatever comes for as long as it comes, so that a service that floods would hold a connection, and every exchange on it, for ever: each
/// frame but one with data costs 1, and time and what is sent to the service earn. Whoever has nothing left loses the connection, and the next
/// exchange gets another one.
/// </summary>
internal sealed class ServiceFrames(Stream inner, TimeProvider clock) : Stream
{
    /// <summary>Frames at once,</summary>
    public const int Most = 5000;

    /// <summary>in each second,</summary>
    public const int PerSecond = 1000;

    /// <summary>and one for each so many bytes that are sent: less than any request, and more than the answer to a ping.</summary>
    public const int BytesPerFrame = 32;

    private FrameHeads _heads = new(ahead: 0);
    private long _left = Most;
    private long _last = clock.GetTimestamp();
    private long _sent;
    private long _sentBefore;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var reading = inner.ReadAsync(buffer, cancellationToken);
        if (!reading.IsCompletedSuccessfully) return WaitAsync(reading, buffer);
        var read = reading.Result;
        Look(buffer.Span[..read]);
        return new(read);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Volatile.Write(ref _sent, _sent + buffer.Length); // the client below writes in turns
        return inner.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("it is read asynchronously");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("it is written asynchronously");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAsync(ValueTask<int> reading, Memory<byte> buffer)
    {
        var read = await reading;
        Look(buffer.Span[..read]);
        return read;
    }

    private void Look(ReadOnlySpan<byte> bytes)
    {
        while (_heads.TryTake(ref bytes, out var frame))
            if (!frame.CarriesData && --_left < 0 && !Earn()) throw new ServiceFloodException();
    }

    private bool Earn()
    {
        var (now, sent) = (clock.GetTimestamp(), Volatile.Read(ref _sent));
        var earned = (long)((Int128)(now - _last) * PerSecond / clock.TimestampFrequency) + ((sent - _sentBefore) / BytesPerFrame);
        (_last, _sentBefore) = (now, sent);
        _left = Math.Min(Most, _left + earned);
        return _left >= 0;
    }
}
