using System.Globalization;
using System.Text;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>
/// The client below reads leniently: a bare LF ends a line, folds are unfolded (decision 0022). Whatever a service sends, what leaves
/// the gateway is one answer that can be read in one way, or is cut where everybody sees it. <c>GATEHOUSE_FUZZ_ROUNDS</c> and
/// <c>GATEHOUSE_FUZZ_SEED</c> as elsewhere.
/// </summary>
public sealed class LenientReadingTests
{
    private const int AtOnce = 8;

    private static readonly string[] Answers =
    [
        "HTTP/1.1 200 OK\r\nX-A: a\r\nContent-Length: 4\r\n\r\nbody",
        "HTTP/1.1 200 OK\nX-A: a\nContent-Length: 4\n\nbody",
        "HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\n\tc\r\nContent-Length: 4\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTrailer: X-T\n\n4\nbody\n0\nX-T: t\n\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nbody\r\n0\r\nX-T: t\r\n f\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: a\r\n\r\nuntil the end",
        "HTTP/1.0 404 Not Found\r\nContent-Type: text/html\r\n\r\n<p>",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
        "HTTP/1.1 204 No Content\r\nX-A: a\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\nETag: \"a\"\r\n\r\n",
    ];

    private static readonly string[] Pieces =
    [
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", ";", "\r\n ", "\n\t", "\r\n\r\n", "\n\n", "0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "Content-Length: 4\r\n", "Content-Length: 3\n", "Transfer-Encoding: chunked\r\n",
        "Connection: X-A\r\n", "X-B: \u0001\r\n", "\u00e9", "\u007f",
    ];

    [Fact]
    [Control("SMG-12", "what is read leniently is written anew")]
    [Control("DEV-2", "answers of services")]
    public async Task Whatever_a_service_sends_leaves_as_one_answer_or_is_cut()
    {
        var (rounds, seed) = (Setting("ROUNDS", 400), Setting("SEED", 20261126));
        await using var upstream = RawUpstream.Start(async connection =>
        {
            if (await connection.ReadHeadAsync() is not { } head) return;
            await connection.WriteAsync(AnswerOf(int.Parse(head.Split(' ')[1][1..], CultureInfo.InvariantCulture)));
        });
        await using var host = await ForwardingHost.StartAsync(upstream.Address);
        await Parallel.ForEachAsync(Enumerable.Range(seed, rounds), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, _) =>
        {
            await using var client = await RawHttpClient.ConnectAsync(host.Port);
            await client.SendAsync(string.Create(CultureInfo.InvariantCulture, $"GET /{number} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
            var bytes = await client.ReadToEndAsync();
            try
            {
                WellFramed.AssertOneOrCut(bytes);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{number}: {AnswerOf(number)}\nbecame\n{Encoding.Latin1.GetString(bytes)}", e);
            }
        });
    }

    /// <summary>An answer with up to four changes: the same for the same number.</summary>
    private static string AnswerOf(int number)
    {
        var random = new Random(number);
        var answer = Answers[random.Next(Answers.Length)];
        for (var changes = random.Next(5); changes > 0; changes--)
        {
            var at = random.Next(answer.Length + 1);
            var length = Math.Min(random.Next(1, 6), answer.Length - at);
            answer = random.Next(3) switch
            {
                0 => answer.Remove(at, length),
                1 => answer.Insert(at, answer.Substring(at, length)),
                _ => answer.Insert(at, Pieces[random.Next(Pieces.Length)]),
            };
        }

        return answer;
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable("GATEHOUSE_FUZZ_" + name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
