using System.Net;
using System.Net.Sockets;

namespace Gatehouse.Hosting;

/// <summary>A small piece of the gateway's own work, sent again and again to see how long such work has to wait.</summary>
internal abstract class Beat(TimeProvider time)
{
    private long _sentAt; // 0 while none is under way
    private long _took;

    /// <summary>How long the last one has waited, or the one under way waits already.</summary>
    public TimeSpan Delay
    {
        get
        {
            var sent = Volatile.Read(ref _sentAt);
            return sent == 0 ? TimeSpan.FromTicks(Volatile.Read(ref _took)) : time.GetElapsedTime(sent);
        }
    }

    /// <summary>Sends one, unless one is under way.</summary>
    public void SendNext()
    {
        if (Volatile.Read(ref _sentAt) != 0) return;
        Volatile.Write(ref _sentAt, time.GetTimestamp());
        Send();
    }

    protected abstract void Send();

    /// <summary>To be called where the work is done.</summary>
    protected void Arrived()
    {
        Volatile.Write(ref _took, time.GetElapsedTime(Volatile.Read(ref _sentAt)).Ticks);
        Volatile.Write(ref _sentAt, 0);
    }
}

/// <summary>Work for the thread pool.</summary>
internal sealed class PoolBeat(TimeProvider time) : Beat(time), IThreadPoolWorkItem
{
    public void Execute() => Arrived();

    protected override void Send() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
}

/// <summary>A byte over a connection of the process with itself: it is noticed and handled like every byte of a client.</summary>
internal sealed class SocketBeat : Beat, IDisposable
{
    private readonly Socket _from;
    private readonly Socket _to;
    private readonly SocketAsyncEventArgs _receiving = new();
    private readonly byte[] _byte = new byte[1];

    private SocketBeat(Socket from, Socket to, TimeProvider time)
        : base(time)
    {
        (_from, _to) = (from, to);
        _receiving.SetBuffer(new byte[1]);
        _receiving.Completed += (_, done) =>
        {
            if (Take(done)) Receive();
        };
        Receive();
    }

    /// <summary>Null where a process cannot connect to itself.</summary>
    public static SocketBeat? TryOpen(TimeProvider time)
    {
        Socket? from = null;
        try
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            from = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            from.Connect(listener.LocalEndPoint!);
            var to = listener.Accept();
            if (Equals(to.RemoteEndPoint, from.LocalEndPoint)) return new SocketBeat(from, to, time);
            to.Dispose(); // somebody else was quicker
        }
        catch (SocketException)
        {
            // no loopback here
        }

        from?.Dispose();
        return null;
    }

    public void Dispose()
    {
        _from.Dispose();
        _to.Dispose();
        _receiving.Dispose();
    }

    protected override void Send()
    {
        try
        {
            _from.Send(_byte);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Arrived(); // it is over
        }
    }

    private void Receive()
    {
        try
        {
            while (!_to.ReceiveAsync(_receiving))
                if (!Take(_receiving)) return;
        }
        catch (ObjectDisposedException)
        {
            // it is over
        }
    }

    private bool Take(SocketAsyncEventArgs received)
    {
        Arrived();
        return received is { SocketError: SocketError.Success, BytesTransferred: > 0 };
    }
}
