using System.Globalization;
using System.Text;
using Gatehouse.TestKit;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.FunctionalTests.Intake;

/// <summary>
/// Frames of HTTP/2, changed at random: whatever they say, what is logged is what the service was sent, and nothing is the gateway's fault.
/// <c>GATEHOUSE_FUZZ_ROUNDS</c> makes it longer, <c>GATEHOUSE_FUZZ_SEED</c> repeats a run.
/// </summary>
public sealed class FramesFuzzTests
{
    private const int Batch = 200;
    private const int AtOnce = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    [Fact]
    [Control("SMG-9", "changed at random")]
    [Control("SMG-13", "HTTP/2")]
    [Control("DEV-2", "frames of HTTP/2")]
    public async Task Random_frames_are_refused_or_logged_as_they_are_forwarded()
    {
        var (rounds, seed) = (Setting("ROUNDS", 400), Setting("SEED", 20261126));
        for (var from = 0; from < rounds; from += Batch)
        {
            var batch = seed + from;
            await using var front = await IntakeFront.StartAsync(", protocols: [http2]");
            var inputs = new FrameMutations(batch).Take(Math.Min(Batch, rounds - from));
            await Parallel.ForEachAsync(inputs, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, (bytes, _) => PlayAsync(front.Port, bytes));
            await front.SettleAsync(string.Create(CultureInfo.InvariantCulture, $"seed {batch}"));
        }
    }

    private static async ValueTask PlayAsync(int port, byte[] bytes)
    {
        await using var client = await RawHttpClient.ConnectAsync(port, Patience);
        try
        {
            await client.SendAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0), .. bytes]);
            client.FinishSending();
            await client.ReadToEndAsync();
        }
        catch (Exception e) when (e is IOException or TimeoutException or System.Net.Sockets.SocketException)
        {
            // it has had enough, or waits for more
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable("GATEHOUSE_FUZZ_" + name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}

/// <summary>Good requests and hostile frames one after the other, with bytes changed: the same for the same seed.</summary>
internal sealed class FrameMutations(int seed)
{
    private static readonly (string Name, string Value)[] More =
    [
        ("content-length", "5"), ("content-length", "0"), ("x-a", "1"), ("te", "trailers"), ("te", "gzip"), ("connection", "x"), ("cookie", "a=b"),
        ("host", "localhost"), ("expect", "100-continue"), ("transfer-encoding", "chunked"), ("x_y", "1"), ("upgrade", "h2c"), ("x", "a\r\nb: c"),
    ];

    private static readonly string[] Paths = ["/x", "/x/y", "/x?y", "/x%20y", "/x//y", "/x/../y", "/%78", "*", "x", "/x#y"];
    private static readonly string[] Methods = ["GET", "POST", "PUT", "HEAD", "QUERY", "DELETE", "CONNECT", "get"];
    private static readonly byte[][] Hostile = [.. HostileFramesTests.Refused.Values];
    private readonly Random _random = new(seed);
    private int _stream;

    public IEnumerable<byte[]> Take(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _stream = 1;
            List<byte> bytes = [];
            for (var parts = _random.Next(1, 4); parts > 0; parts--)
                bytes.AddRange(_random.Next(5) == 0 ? Hostile[_random.Next(Hostile.Length)] : Request());
            for (var changes = _random.Next(3); changes > 0; changes--) Change(bytes);
            yield return [.. bytes];
        }
    }

    private byte[] Request()
    {
        List<byte> fields = [.. Literal(":method", Of(Methods)), .. Literal(":scheme", "http"), .. Literal(":path", Of(Paths))];
        fields.AddRange(Literal(":authority", "localhost"));
        for (var more = _random.Next(3); more > 0; more--)
        {
            var (name, value) = More[_random.Next(More.Length)];
            fields.AddRange(Literal(name, value));
        }

        var (stream, ends) = (_stream, _random.Next(2) == 0 ? EndStream : 0);
        _stream += 2;
        List<byte> frames = [.. Frame(Headers, EndHeaders | ends, stream, [.. fields])];
        var body = Encoding.ASCII.GetBytes("hello"[.._random.Next(6)]);
        if (ends == 0) frames.AddRange(Frame(Data, _random.Next(4) == 0 ? 0 : EndStream, stream, body));
        if (_random.Next(8) == 0) frames.AddRange(Frame(Headers, EndHeaders | EndStream, stream, Literal("x-trailer", "1")));
        if (_random.Next(8) == 0) frames.AddRange(Frame(Reset, 0, stream, 0, 0, 0, 8));
        return [.. frames];
    }

    private void Change(List<byte> bytes)
    {
        var at = _random.Next(bytes.Count);
        switch (_random.Next(4))
        {
            case 0:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 1:
                bytes.RemoveRange(at, Math.Min(_random.Next(1, 4), bytes.Count - at));
                break;
            case 2:
                bytes.Insert(at, (byte)_random.Next(256));
                break;
            default:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
        }

        if (bytes.Count == 0) bytes.Add(0);
    }

    private string Of(string[] values) => values[_random.Next(values.Length)];
}
