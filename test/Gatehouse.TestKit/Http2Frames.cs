using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.TestKit;

/// <summary>
/// Writes frames of HTTP/2 over cleartext by prior knowledge (RFC 9113), with fields as they are given: literals without Huffman code or table
/// (RFC 7541 section 6.2.2), so that a test can say what no library lets it say.
/// </summary>
internal sealed class Http2Frames : IAsyncDisposable
{
    private readonly TcpClient _client = new() { NoDelay = true };

    private Http2Frames()
    {
    }

    private NetworkStream Stream => _client.GetStream();

    public static async Task<Http2Frames> ConnectAsync(int port, CancellationToken cancel)
    {
        var frames = new Http2Frames();
        await frames._client.ConnectAsync(IPAddress.Loopback, port, cancel);
        await frames.Stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), cancel);
        await frames.WriteAsync(Settings, 0, 0, [], cancel);
        return frames;
    }

    /// <param name="fields">Names and values as Latin-1, each shorter than 127 bytes.</param>
    public Task HeadersAsync(int stream, bool ends, IEnumerable<(string Name, string Value)> fields, CancellationToken cancel)
    {
        var block = new List<byte>();
        foreach (var (name, value) in fields)
        {
            block.Add(0);
            AddText(block, name);
            AddText(block, value);
        }

        return WriteAsync(Headers, (byte)(EndHeaders | (ends ? EndStream : 0)), stream, [.. block], cancel);
    }

    /// <summary>Sends frames, or what is none, as they are given.</summary>
    public Task SendAsync(byte[] frames, CancellationToken cancel) => Stream.WriteAsync(frames, cancel).AsTask();

    public Task DataAsync(int stream, bool ends, byte[] bytes, CancellationToken cancel) =>
        WriteAsync(Data, ends ? EndStream : (byte)0, stream, bytes, cancel);

    /// <summary>What becomes of a stream: its status (of those that HPACK's table has), <c>reset</c>, <c>goaway</c> or <c>closed</c>.</summary>
    public async Task<string> OutcomeAsync(int stream, CancellationToken cancel)
    {
        var head = new byte[9];
        while (true)
        {
            try
            {
                await Stream.ReadExactlyAsync(head, cancel).AsTask().WaitAsync(Patience.Limit, cancel);
                var length = (head[0] << 16) | (head[1] << 8) | head[2];
                var payload = new byte[length];
                await Stream.ReadExactlyAsync(payload, cancel).AsTask().WaitAsync(Patience.Limit, cancel);
                if (head[3] == GoAway) return "goaway";
                if (BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) != stream) continue;
                if (head[3] == Reset) return "reset";
                if (head[3] == Headers) return StatusOf(payload[0]);
            }
            catch (IOException)
            {
                return "closed";
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The first field of an answer (RFC 7541 appendix A).</summary>
    private static string StatusOf(byte field) => field switch
    {
        0x88 => "200",
        0x8c => "400",
        0x8d => "404",
        _ => "another",
    };

    private static void AddText(List<byte> block, string text)
    {
        block.Add(checked((byte)text.Length));
        block.AddRange(Encoding.Latin1.GetBytes(text));
    }

    private async Task WriteAsync(byte type, byte flags, int stream, byte[] payload, CancellationToken cancel)
    {
        await Stream.WriteAsync(Frame(type, flags, stream, payload), cancel);
    }
}
