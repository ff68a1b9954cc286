using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Gatehouse.Policies.Intake;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Gatehouse.Hosting;

/// <summary>
/// What Kestrel reads of a connection of HTTP/1.1, looked at as it takes it and never changed. What Kestrel has consumed between the end of one
/// exchange and the beginning of the next is that next one's head, byte for byte: so the two cannot disagree about where a head begins.
/// </summary>
internal sealed class WatchedInput : PipeReader, IValueTaskSource<ReadResult>
{
    private readonly PipeReader _inner;
    private readonly Action _resume;
    private ValueTask<ReadResult> _reading;
    private Action<object?>? _continuation;
    private object? _continuationState;
    private short _turn;
    private ReadOnlySequence<byte> _received;
    private RawHead _head;
    private ChunkLines _chunks;
    private Watched _watched = Watched.Head;

    private enum Watched
    {
        Head,
        Chunks,
        Nothing,
    }

    public WatchedInput(PipeReader inner)
    {
        _inner = inner;
        _resume = Resume;
    }

    /// <summary>Stands between TLS and HTTP.</summary>
    public static ConnectionDelegate Before(ConnectionDelegate next) => connection =>
    {
        if (connection.Features.Get<ITlsApplicationProtocolFeature>() is { } tls && tls.ApplicationProtocol.Span.SequenceEqual("h2"u8))
            return next(connection);
        var transport = connection.Transport;
        var input = new WatchedInput(transport.Input);
        connection.Transport = new Duplex(input, transport.Output);
        connection.Features.GetRequiredFeature<AcceptedConnection>().Input = input;
        return next(connection);
    };

    /// <summary>What the head taken last nominates for removal, where it does; see <see cref="RawHead.Nominated"/>.</summary>
    public string? Nominated => _head.Nominated;

    /// <summary>Called once Kestrel has parsed a head: why it must not be served, as a constant text, or null. What follows is its body.</summary>
    public string? TakeHead()
    {
        if (_watched != Watched.Head) return "the head was not seen";
        var fault = _head.Fault ?? (_head.IsWhole ? null : "the head was not seen to its end");
        _watched = fault is null && _head.IsChunked ? Watched.Chunks : Watched.Nothing;
        _chunks = default;
        return fault;
    }

    /// <summary>Called when an exchange is over whose body was read to its end: what follows is the next one's head.</summary>
    public void ExpectHead()
    {
        _head = default;
        _watched = Watched.Head;
    }

    /// <summary>
    /// Most reads of a head wait for their client. This object is what is waited for then, once for its connection: a read costs no object of its
    /// own.
    /// </summary>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var reading = _inner.ReadAsync(cancellationToken);
        if (_watched == Watched.Nothing) return reading;
        if (reading.IsCompletedSuccessfully) return new(Receive(reading.Result));
        _reading = reading;
        return new(this, ++_turn);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!_inner.TryRead(out result)) return false;
        if (_watched != Watched.Nothing) Receive(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        string? fault = null;
        if (_watched != Watched.Nothing)
        {
            var taken = _received.Slice(_received.Start, consumed);
            if (_watched == Watched.Head) _head.Read(taken);
            else fault = _chunks.Read(taken);
            _received = default;
        }

        _inner.AdvanceTo(consumed, examined);
        if (fault is not null) throw new RefusedBytesException(fault);
    }

    public override void CancelPendingRead() => _inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => _inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => _inner.CompleteAsync(exception);

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) =>
        !_reading.IsCompleted ? ValueTaskSourceStatus.Pending
        : _reading.IsCompletedSuccessfully ? ValueTaskSourceStatus.Succeeded
        : _reading.IsCanceled ? ValueTaskSourceStatus.Canceled : ValueTaskSourceStatus.Faulted;

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        (_continuation, _continuationState) = (continuation, state);
        var context = (flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0;
        _reading.ConfigureAwait(context).GetAwaiter().UnsafeOnCompleted(_resume);
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        if (token != _turn) throw new InvalidOperationException("this read is over");
        var reading = _reading;
        _reading = default;
        return Receive(reading.GetAwaiter().GetResult());
    }

    private void Resume()
    {
        var (continuation, state) = (_continuation!, _continuationState);
        (_continuation, _continuationState) = (null, null);
        continuation(state);
    }

    private ReadResult Receive(ReadResult result)
    {
        _received = result.Buffer;
        if (_watched != Watched.Head || !_head.IsAhead || RawHead.NamesServedVersion(_received)) return result;
        _inner.AdvanceTo(_received.End);
        throw new RefusedBytesException("the version is not served");
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

/// <summary>Bytes that Kestrel would take and the gateway does not. Kestrel treats it as one of its own refusals.</summary>
/// <param name="reason">A constant text, for the log.</param>
internal sealed class RefusedBytesException(string reason) : BadHttpRequestException(reason, StatusCodes.Status400BadRequest);
