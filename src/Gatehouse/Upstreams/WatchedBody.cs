using Gatehouse.Pipeline;

namespace Gatehouse.Upstreams;

/// <summary>
/// The request's body on its way to the destination: says when its end was read, because the wait for the response's head begins there.
/// </summary>
internal sealed class WatchedBody(Stream body, ForwardTimer timer, TimeProvider clock, long headTicks) : ArrivingBody
{
    /// <summary>Whether anything was asked of the body: then the request cannot be sent a second time.</summary>
    public bool Begun { get; private set; }

    /// <summary>Whether it was read to its end.</summary>
    public bool Ended => EndedAt != 0;

    /// <summary>The clock's timestamp then; 0 before.</summary>
    public long EndedAt { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Begun = true;
        var read = await body.ReadAsync(buffer, cancellationToken);
        if (read > 0 || buffer.Length == 0) return read;
        EndedAt = clock.GetTimestamp();
        timer.AwaitHead(EndedAt + headTicks);
        return read;
    }
}
