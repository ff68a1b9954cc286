using System.Buffers.Binary;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.TestKit;

/// <summary>
/// The service's end of a connection of HTTP/2 (RFC 9113), by prior knowledge: it reads requests as far as it has to, and sends the frames that it is
/// told.
/// </summary>
internal sealed class FrameService(RawConnection connection)
{
    private const int Preface = 24;

    private static readonly byte[] Ok = [0x88]; // :status 200

    /// <summary>Reads the client's preface; false when the connection ended before.</summary>
    public async Task<bool> ReadPrefaceAsync() => await ReadAsync(Preface) is not null;

    public Task SendAsync(params byte[][] frames) => connection.Stream.WriteAsync(frames.SelectMany(f => f).ToArray(), connection.Stopped).AsTask();

    /// <summary>Sends the same again and again, until the other side does not take it any more.</summary>
    /// <returns>How many bytes it took.</returns>
    public async Task<long> FloodAsync(byte[] frames)
    {
        var many = Enumerable.Repeat(frames, Math.Max(1, 16_384 / frames.Length)).SelectMany(f => f).ToArray();
        var sent = 0L;
        try
        {
            while (true)
            {
                await connection.Stream.WriteAsync(many, connection.Stopped);
                sent += many.Length;
            }
        }
        catch (IOException)
        {
            return sent;
        }
    }

    /// <summary>The stream of the next request, once its head is there; null when the connection ends. Settings and pings are answered.</summary>
    public async Task<int?> NextRequestAsync()
    {
        while (await ReadAsync(9) is { } head)
        {
            var (type, flags, stream) = (head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)));
            if (await ReadAsync(BinaryPrimitives.ReadInt32BigEndian(head) >> 8) is not { } payload) return null;
            if (type == Settings && (flags & 1) == 0) await SendAsync(Frame(Settings, 1, 0));
            if (type == Ping && (flags & 1) == 0) await SendAsync(Frame(Ping, 1, 0, payload));
            if (type == Headers) return stream;
        }

        return null;
    }

    /// <summary>Reads and forgets until the connection ends.</summary>
    public Task ReadToEndAsync() => connection.ReadToEndAsync();

    /// <summary>A head of status 200 with these fields after it.</summary>
    public static byte[] Head(int stream, int flags, params (string Name, string Value)[] fields) =>
        Frame(Headers, flags | EndHeaders, stream, [.. Ok, .. fields.SelectMany(f => Literal(f.Name, f.Value))]);

    /// <summary>Answers every request properly.</summary>
    public async Task ServeAsync(string text)
    {
        if (!await ReadPrefaceAsync()) return;
        await SendAsync(Frame(Settings, 0, 0));
        while (await NextRequestAsync() is { } stream)
            await SendAsync(Head(stream, 0), Frame(Data, EndStream, stream, System.Text.Encoding.ASCII.GetBytes(text)));
    }

    private async Task<byte[]?> ReadAsync(int count)
    {
        var bytes = new byte[count];
        try
        {
            return await connection.Stream.ReadAtLeastAsync(bytes, count, throwOnEndOfStream: false, connection.Stopped) == count ? bytes : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
