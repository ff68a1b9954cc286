using System.Net;
using System.Net.Sockets;
using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Body;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gatehouse.FunctionalTests.Policies;

/// <summary>
/// What the server really does with bodies that are too large, broken or left unread: raw bytes on a socket, the body policy, and an echo.
/// </summary>
public sealed class BodyOverSocketsTests : IAsyncLifetime
{
    private readonly WebApplication _server = Server();
    private int _forwarded;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var harness = new PolicyHarness();
        var changing = harness.Compile(new BodyKind(), "body: { max: 200KiB }", Effect.Write)!;
        var streamed = harness.Compile(new BodyKind(), "body: { max: 200KiB, stream: true, reason: a test }", Effect.Write)!;
        _server.Run(http => RunAsync(http, http.Request.Path.Value == "/streamed" ? streamed : changing));
        await _server.StartAsync(Cancellation);
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [Control("LIM-2")]
    [Control("SMG-11")]
    [InlineData("an announced length over the limit", "Content-Length: 1000000\r\n\r\n", 413, "close")]
    [InlineData("endless chunks", "Transfer-Encoding: chunked\r\n\r\n*", 413, "close")]
    [InlineData("a broken chunk", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n", 400, "close")]
    [InlineData("a whole body", "Content-Length: 5\r\n\r\nhello", 200, "")]
    [InlineData("a whole chunked body", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, "")]
    public async Task Answers(string what, string request, int status, string connection)
    {
        foreach (var path in new[] { "/whole", "/streamed" })
        {
            _forwarded = 0;
            var answer = await SendAsync($"POST {path} HTTP/1.1\r\nHost: localhost\r\n{request}");
            Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
            Assert.Equal(connection == "close", answer.Contains("Connection: close", StringComparison.Ordinal));
            if (status == 200) Assert.EndsWith("5 hello", answer, StringComparison.Ordinal);
            else if (path == "/whole") Assert.True(_forwarded == 0, $"{what} reached the backend");
        }
    }

    [Fact]
    [Control("SMG-11")]
    public async Task Closes_after_a_refusal_with_an_unread_body()
    {
        var answer =
            await SendAsync("POST /refused HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\nGET /whole HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 403 ", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close", answer, StringComparison.Ordinal);
        Assert.Equal(1, answer.Split("HTTP/1.1 ").Length - 1);
    }

    private static WebApplication Server()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.AddServerHeader = false;
        });
        return builder.Build();
    }

    private async Task RunAsync(HttpContext http, Policy policy)
    {
        var exchange = new Exchange(http, PolicyHarness.Listener(), 1, 1, "01TEST", new PeerAddress(IPAddress.Loopback));
        exchange.Walk.Begin([policy]);
        var verdict = http.Request.Path.Value == "/refused"
            ? Verdict.Reject(Problems.Forbidden)
            : await PolicyPipeline.OnRequestAsync(exchange, [policy]);
        if (verdict.Kind == VerdictKind.Continue) verdict = await EchoAsync(exchange);
        if (verdict.Kind == VerdictKind.Reject) await ProblemWriter.WriteAsync(exchange, verdict);
        exchange.Walk.OnFinished(exchange);
    }

    private async Task<Verdict> EchoAsync(Exchange exchange)
    {
        Interlocked.Increment(ref _forwarded);
        var body = new MemoryStream();
        try
        {
            await exchange.Http.Request.Body.CopyToAsync(body, exchange.Http.RequestAborted);
        }
        catch (Exception) when (exchange.BodyProblem is not null)
        {
            return Verdict.Reject(exchange.BodyProblem!);
        }

        var answer = Encoding.ASCII.GetBytes($"{exchange.RequestBytes} {Encoding.ASCII.GetString(body.ToArray())}");
        exchange.Http.Response.ContentLength = answer.Length;
        await exchange.Http.Response.Body.WriteAsync(answer, Cancellation);
        return Verdict.Answered;
    }

    /// <summary>Sends raw text (a star at its end: chunks until the server has had enough) and reads until the answer is whole.</summary>
    private async Task<string> SendAsync(string text)
    {
        using var client = new TcpClient();
        var address = new Uri(_server.Urls.Single());
        await client.ConnectAsync(IPAddress.Loopback, address.Port, Cancellation);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text.TrimEnd('*')), Cancellation);
        var chunk = Encoding.ASCII.GetBytes("4000\r\n" + new string('x', 0x4000) + "\r\n");
        for (var i = 0; i < 16 && text.EndsWith('*'); i++) await stream.WriteAsync(chunk, Cancellation);
        var answer = await ReadAsync(stream, until: IsWhole);
        if (!answer.Contains("Connection: close", StringComparison.Ordinal)) return answer;
        client.Client.Shutdown(SocketShutdown.Send); // the server would wait five seconds for what is left of the body
        return answer + await ReadAsync(stream, until: _ => false);
    }

    /// <summary>Reads until the text is enough or the connection ends; the server resets one on which it has not read everything.</summary>
    private static async Task<string> ReadAsync(NetworkStream stream, Func<string, bool> until)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (!until(text.ToString()) && await stream.ReadAsync(buffer,
                Cancellation) is > 0 and var read) text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // what came before the reset counts
        }

        return text.ToString();
    }

    private static bool IsWhole(string answer)
    {
        var end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return false;
        var length = answer.Split("Content-Length: ")[1].Split("\r\n")[0];
        return answer.Length - end - 4 >= int.Parse(length, System.Globalization.CultureInfo.InvariantCulture);
    }
}
