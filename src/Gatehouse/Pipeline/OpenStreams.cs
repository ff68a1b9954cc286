using System.Runtime.InteropServices;

namespace Gatehouse.Pipeline;

/// <summary>
/// The streams of one connection of HTTP/2, each from the head of its request to the last frame of its answer. An exchange is over as soon as its
/// answer is written; whether that leaves is for the client's window to say (RFC 9113 section 5.2), and until it has, memory is held for it. So what
/// bounds an address counts its streams until their answers have left.
/// </summary>
internal sealed class OpenStreams(TimeProvider clock)
{
    /// <summary>Refusals for which nothing is counted and that have not left for a second: beyond so many, further ones are not waited for.</summary>
    public const int MostRefusals = 8;

    private static readonly TimeSpan UsualWait = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<int, OpenStream> _open = [];
    private readonly HashSet<int> _endedAhead = []; // what reads counts a head a moment after the server has begun with it
    private int _newest;
    private int _waiting;
    private long _quietSince = clock.GetTimestamp();
    private bool _isClosed;

    /// <summary>The clock's timestamp since which an answer waits that was written whole; null where none does.</summary>
    public long? WaitsSince
    {
        get
        {
            if (Volatile.Read(ref _waiting) == 0) return null;
            lock (_gate)
            {
                long? oldest = null;
                foreach (var (_, stream) in _open)
                    if (stream.WrittenAt is { } at && !(oldest <= at)) oldest = at;
                return oldest;
            }
        }
    }

    /// <summary>The clock's timestamp since which no stream is open; null while one is.</summary>
    public long? QuietSince
    {
        get
        {
            lock (_gate) return _open.Count == 0 ? _quietSince : null;
        }
    }

    /// <summary>A head was taken. False where it is no request's: trailers, or a stream that there was before.</summary>
    public bool Open(int stream)
    {
        lock (_gate)
        {
            if (stream <= _newest) return false;
            _newest = stream;
            if (!_endedAhead.Remove(stream)) _open.TryAdd(stream, default);
            return true;
        }
    }

    /// <summary>The server has made an exchange of it.</summary>
    public void Begin(int stream)
    {
        lock (_gate)
        {
            if (IsOver(stream)) return;
            CollectionsMarshal.GetValueRefOrAddDefault(_open, stream, out _).HasBegun = true;
        }
    }

    /// <summary>Gives the share of an address back, once the stream's answer has left.</summary>
    public void GiveBackAtEnd(int stream, AddressShares shares, ulong address)
    {
        lock (_gate)
        {
            if (!IsOver(stream))
            {
                ref var open = ref CollectionsMarshal.GetValueRefOrAddDefault(_open, stream, out _);
                (open.Shares, open.Address) = (shares, address);
                return;
            }
        }

        shares.GiveBack(address);
    }

    /// <summary>The exchange is over: its answer was written.</summary>
    /// <param name="isRefusal">Whether it is one of the gateway's own.</param>
    /// <returns>False where it is not worth waiting for: a refusal that counts for nobody, of a client that does not take the others.</returns>
    public bool Write(int stream, bool isRefusal)
    {
        lock (_gate)
        {
            if (IsOver(stream)) return true;
            ref var open = ref CollectionsMarshal.GetValueRefOrAddDefault(_open, stream, out _);
            if (open.WrittenAt is not null) return true;
            open.WrittenAt = clock.GetTimestamp();
            open.IsUncounted = isRefusal && open.Shares is null;
            _waiting++;
            return !open.IsUncounted || !IsLeft();
        }
    }

    /// <summary>The last frame of its answer was written to the connection, or somebody has taken it back.</summary>
    /// <returns>Whether an exchange was made of it; true for one that was over already.</returns>
    public bool End(int stream)
    {
        OpenStream ended;
        lock (_gate)
        {
            if (_isClosed) return true;
            var wasOpen = _open.Remove(stream, out ended);
            if (stream > _newest) _endedAhead.Add(stream);
            else if (!wasOpen) return true;
            if (ended.WrittenAt is not null) _waiting--;
            if (_open.Count == 0) _quietSince = clock.GetTimestamp();
        }

        ended.Shares?.GiveBack(ended.Address);
        return ended.HasBegun;
    }

    /// <summary>The connection is over, and all of its streams with it.</summary>
    public void Close()
    {
        OpenStream[] ended;
        lock (_gate)
        {
            _isClosed = true;
            ended = [.. _open.Values];
            _open.Clear();
            _waiting = 0;
        }

        foreach (var stream in ended) stream.Shares?.GiveBack(stream.Address);
    }

    private bool IsOver(int stream) => _isClosed || (stream <= _newest && !_open.ContainsKey(stream)) || _endedAhead.Contains(stream);

    private bool IsLeft()
    {
        var refusals = 0;
        foreach (var (_, stream) in _open)
            if (stream is { IsUncounted: true, WrittenAt: { } at } && clock.GetElapsedTime(at) > UsualWait) refusals++;
        return refusals > MostRefusals;
    }

    private struct OpenStream
    {
        public bool HasBegun;
        public bool IsUncounted;
        public long? WrittenAt;
        public AddressShares? Shares;
        public ulong Address;
    }
}
