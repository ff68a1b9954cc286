using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
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
internal sealed class WatchedInput(PipeReader inner) : PipeReader
{
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

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var reading = inner.ReadAsync(cancellationToken);
        if (_watched == Watched.Nothing) return reading;
        return reading.IsCompletedSuccessfully ? new(Receive(reading.Result)) : ReceiveAsync(reading);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result)) return false;
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

        inner.AdvanceTo(consumed, examined);
        if (fault is not null) throw new RefusedBytesException(fault);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReceiveAsync(ValueTask<ReadResult> reading) => Receive(await reading);

    private ReadResult Receive(ReadResult result)
    {
        _received = result.Buffer;
        if (_watched != Watched.Head || !_head.IsAhead || RawHead.NamesServedVersion(_received)) return result;
        inner.AdvanceTo(_received.End);
        throw new RefusedBytesException("the version is not served");
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

/// <summary>Bytes that Kestrel would take and the gateway does not. Kestrel treats it as one of its own refusals.</summary>
/// <param name="reason">A constant text, for the log.</param>
internal sealed class RefusedBytesException(string reason) : BadHttpRequestException(reason, StatusCodes.Status400BadRequest);
