using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gatehouse.TestKit;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.FunctionalTests.Floods;

/// <summary>A client of HTTP/2 without manners: it sends the frames that it is told, as fast as it can, and counts what comes back.</summary>
internal sealed class FrameClient : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly Task _reading;
    private readonly int[] _received = new int[256];
    private readonly HashSet<int> _ended = [];
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FrameClient(Socket socket, bool reads)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reading = reads ? ReadAsync() : Task.CompletedTask;
    }

    /// <summary>The code of the GOAWAY that came last (RFC 9113 section 7); null for none.</summary>
    public int? GoneAway { get; private set; }

    public bool IsClosed => _reading.IsCompleted;

    /// <summary>Ends when the gateway has closed the connection.</summary>
    public Task Closed => _reading.WaitAsync(Patience.Limit);

    /// <param name="settings">The payload of the first SETTINGS.</param>
    /// <param name="from">The address to connect from.</param>
    /// <param name="reads">Whether it takes what comes back.</param>
    public static async Task<FrameClient> ConnectAsync(IPEndPoint gateway, byte[]? settings = null, IPAddress? from = null, bool reads = true)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (from is not null) socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(gateway);
        var client = new FrameClient(socket, reads);
        await client.SendAsync([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, settings ?? [])]);
        if (reads) await client._settled.Task.WaitAsync(Patience.Limit);
        return client;
    }

    /// <param name="indexed">Whether it goes into the dynamic table.</param>
    public static byte[] Field(string name, int length, bool indexed) =>
    [
        (byte)(indexed ? 0x40 : 0x00),
        (byte)name.Length,
        .. Encoding.ASCII.GetBytes(name),
        .. Length(length),
        .. Enumerable.Repeat((byte)'a', length),
    ];

    public int Received(byte type)
    {
        lock (_received) return _received[type];
    }

    /// <summary>Whether the stream has ended: with its answer, or with a reset.</summary>
    public bool HasEnded(int stream)
    {
        lock (_received) return _ended.Contains(stream);
    }

    /// <summary>False where the gateway does not take it any more.</summary>
    public async Task<bool> SendAsync(byte[] frames)
    {
        try
        {
            await _stream.WriteAsync(frames).AsTask().WaitAsync(Patience.Limit);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Sends what <paramref name="next"/> makes, 100 at a time, until the gateway has closed or there were so many.</summary>
    /// <returns>How many were sent before that.</returns>
    public async Task<int> FloodAsync(int most, Func<int, byte[]> next)
    {
        var sent = 0;
        while (sent < most && !_reading.IsCompleted)
        {
            var batch = Enumerable.Range(sent, 100).SelectMany(next).ToArray();
            if (!await SendAsync(batch)) break;
            sent += 100;
        }

        return sent;
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _reading;
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[9 + (1 << 14)];
        try
        {
            while (true)
            {
                await _stream.ReadExactlyAsync(buffer.AsMemory(0, 9));
                var length = BinaryPrimitives.ReadInt32BigEndian(buffer) >> 8;
                var (type, flags, stream) = (buffer[3], buffer[4], BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(5)));
                await _stream.ReadExactlyAsync(buffer.AsMemory(9, length));
                lock (_received)
                {
                    _received[type]++;
                    if (type == Reset || (type is Data or Headers && (flags & EndStream) != 0)) _ended.Add(stream);
                }

                if (type == Settings) _settled.TrySetResult();
                if (type == GoAway) GoneAway = BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(13));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            _settled.TrySetResult(); // the end
        }
    }

    private static byte[] Length(int length)
    {
        if (length < 127) return [(byte)length];
        List<byte> bytes = [127]; // RFC 7541 section 5.1
        for (length -= 127; length >= 128; length >>= 7) bytes.Add((byte)(0x80 | (length & 0x7f)));
        return [.. bytes, (byte)length];
    }
}
