using System.Globalization;
using System.Text;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Intake;

/// <summary>
/// One truth: whatever bytes come, the requests that the access log tells of are those that the service was sent, one by one, with their paths and as
/// many bytes. <c>GATEHOUSE_FUZZ_ROUNDS</c> makes it longer, <c>GATEHOUSE_FUZZ_SEED</c> repeats a run.
/// </summary>
public sealed class DifferentialFuzzTests
{
    private const int Batch = 500;
    private const int AtOnce = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    [Fact]
    [Control("SMG-13")]
    [Control("DEV-2", "intake, matcher and forwarding")]
    public async Task Random_requests_are_logged_as_they_are_forwarded()
    {
        var (rounds, seed) = (Setting("ROUNDS", 1500), Setting("SEED", 20261126));
        for (var from = 0; from < rounds; from += Batch)
        {
            var batch = seed + from;
            await using var front = await IntakeFront.StartAsync();
            var inputs = new Mutations(batch).Take(Math.Min(Batch, rounds - from));
            await Parallel.ForEachAsync(inputs, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (bytes, _) =>
            {
                var answers = await front.PlayAsync(bytes, Patience);
                Assert.True(answers.Statuses.All(s => s < 500), $"seed {batch}: {Encoding.Latin1.GetString(bytes)}\n{answers.Text}");
            });
            await front.SettleAsync(string.Create(CultureInfo.InvariantCulture, $"seed {batch}"));
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable("GATEHOUSE_FUZZ_" + name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}

/// <summary>Requests from the corpora and from a small grammar, changed at random: the same for the same seed.</summary>
internal sealed class Mutations(int seed)
{
    private static readonly string[] Pieces =
    [
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", ";", ",", "#", "%", "%2f", "%2e%2e", "%00", "..", "//", "\\", "\u00e9", "\u007f",
        "0", "5", "-", "+", "0x",
        "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n", "Host: localhost\r\n",
        "Connection: close\r\n", "Connection: keep-alive, X-Hop\r\n", "X-Hop: 1\r\n", "Upgrade: websocket\r\n",
        "Expect: 100-continue\r\n", "X-Content-Length: 3\r\n",
        "GET /within HTTP/1.1\r\nHost: localhost\r\n\r\n", "0\r\n\r\n", "1;x=y\r\nA\r\n", " HTTP/1.1", " HTTP/1.0", "\r\n\r\n",
    ];

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "QUERY", "DELETE", "get"];

    private static readonly string[] Targets =
        ["/a", "/a/b", "/a/b/c", "/a?b=c", "/%61", "/a%20b", "http://localhost/a", "/a//b", "/a/", "/a;b", "/a/./b", "/caf%c3%a9", "/a%2Fb", "*"];

    private static readonly string[] Bodies =
    [
        "\r\n", "Content-Length: 5\r\n\r\nhello", "Content-Length: 0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n2\r\nyz\r\n0\r\nT: 1\r\n\r\n", "content-length:3\r\n\r\nabc",
        "X-A: 1\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
        "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
    ];

    private readonly Random _random = new(seed);

    public IEnumerable<byte[]> Take(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var bytes = Begin();
            for (var changes = _random.Next(4); changes > 0; changes--) bytes = Change(bytes);
            yield return [.. bytes];
        }
    }

    private List<byte> Begin() => _random.Next(4) switch
    {
        0 => [.. RawRequest.All[_random.Next(RawRequest.All.Count)].WithHost()],
        1 => [.. DesyncHead.All[_random.Next(DesyncHead.All.Count)].Bytes()],
        _ => [.. Encoding.Latin1.GetBytes(string.Concat(Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Request())))],
    };

    private string Request() => $"{Of(Methods)} {Of(Targets)} HTTP/1.1\r\nHost: localhost\r\n{Of(Bodies)}";

    private List<byte> Change(List<byte> bytes)
    {
        var at = _random.Next(bytes.Count + 1);
        var length = Math.Min(_random.Next(1, 8), bytes.Count - at);
        switch (_random.Next(5))
        {
            case 0:
                bytes.InsertRange(at, Encoding.Latin1.GetBytes(Of(Pieces)));
                break;
            case 1:
                bytes.RemoveRange(at, length);
                break;
            case 2 when length > 0:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            default:
                var line = bytes.IndexOf((byte)'\n', Math.Min(at, bytes.Count));
                bytes.InsertRange(line + 1, Encoding.Latin1.GetBytes(Of(Pieces)));
                break;
        }

        return bytes;
    }

    private string Of(string[] values) => values[_random.Next(values.Length)];
}
