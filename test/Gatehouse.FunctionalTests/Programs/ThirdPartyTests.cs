using System.Globalization;
using System.Text.Json.Nodes;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Programs;

/// <summary>Programs that others have written, and that know nothing of this gateway, against the executable.</summary>
public sealed class ThirdPartyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task H2load_gets_an_answer_to_every_request(bool http1)
    {
        Tools.Need("h2load");
        await using var front = await ProgramFront.StartAsync(Cancel);
        string[] how = http1 ? ["--h1"] : ["-m", "20"];
        var (said, code) = await Tools.RunAsync("h2load", Cancel, ["-n", "5000", "-c", "20", .. how, Url(http1 ? front.Http1 : front.Http2)]);
        Assert.True(code == 0, said);
        Assert.Contains("5000 succeeded, 0 failed, 0 errored, 0 timeout", said, StringComparison.Ordinal);
        Assert.Contains("5000 2xx, 0 3xx, 0 4xx, 0 5xx", said, StringComparison.Ordinal);
        Assert.Equal(5000, front.Upstream.Requests.Count);
    }

    [Fact]
    public async Task Wrk_gets_nothing_but_answers()
    {
        Tools.Need("wrk");
        await using var front = await ProgramFront.StartAsync(Cancel);
        var (said, code) = await Tools.RunAsync("wrk", Cancel, "-t1", "-c32", "-d2s", "--timeout", "30s", Url(front.Http1));
        Assert.True(code == 0, said);
        Assert.Matches("[1-9][0-9]* requests in", said);
        Assert.DoesNotMatch("Non-2xx|Socket errors", said);
    }

    [Theory]
    [InlineData("--http1.1")]
    [InlineData("--http2-prior-knowledge")]
    public async Task Curl_is_understood(string version)
    {
        Tools.Need("curl");
        await using var front = await ProgramFront.StartAsync(Cancel);
        front.Upstream.On("/things/1", 200, "the answer", ("ETag", "\"1\""));
        var port = version == "--http1.1" ? front.Http1 : front.Http2;
        Assert.Equal("the answer 200", await CurlAsync("-w", " %{http_code}", $"{At(port)}/things/1"));
        Assert.Equal("405", await CurlAsync("-I", "-o", "/dev/null", "-w", "%{http_code}", $"{At(port)}/things/1"));
        Assert.Equal("ok", await CurlAsync("--data-binary", new string('x', 100_000), "-H", "Expect: 100-continue", $"{At(port)}/little/1"));
        Assert.Equal(100_000, front.Upstream.Requests[^1].Body.Length);
        Assert.Equal("ok", await CurlAsync("-T", Path.Combine(front.Folder, "gatehouse.yaml"), "-X", "POST", $"{At(port)}/things/2"));
        Assert.Equal("404", await CurlAsync("-o", "/dev/null", "-w", "%{http_code}", "--globoff", $"{At(port)}/things/1/2"));
        Assert.Equal("400", await CurlAsync("-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", $"{At(port)}/things/%2e%2e/2"));

        Task<string> CurlAsync(params string[] arguments) => SayAsync(["-sS", "--noproxy", "*", "-m", "30", version, .. arguments]);
    }

    [Theory]
    [InlineData("-H", "heads that come slowly")]
    [InlineData("-B", "bodies that come slowly")]
    [InlineData("-R", "ranges over each other")]
    [InlineData("-X", "answers that are taken slowly")]
    [Control("LIM-6", "slowhttptest")]
    public async Task Slowhttptest_keeps_nobody_from_being_served(string mode, string what)
    {
        Tools.Need("slowhttptest");
        await using var front = await ProgramFront.StartAsync(
            Cancel, "{ head: 2s, idle: 2s, rate: 10000, grace: 2s, connections: 150, connectionsPerAddress: 100 }");
        front.Upstream.On("/things/large", http => http.Response.Body.WriteAsync(new byte[1 << 20], http.RequestAborted).AsTask());
        var target = mode switch { "-B" => "/things/1", "-X" or "-R" => "/things/large", _ => "/things/1" };
        string[] more = mode switch { "-X" => ["-k", "8", "-z", "10", "-n", "1"], "-B" => ["-i", "1", "-s", "8192", "-t", "POST"], _ => ["-i", "1"] };
        var attack = Tools.RunAsync(
            "slowhttptest", Cancel, [mode, "-c", "120", "-r", "100", "-l", "8", "-p", "5", .. more, "-u", At(front.Http1) + target]);
        var served = 0;
        while (!attack.IsCompleted)
        {
            Assert.Equal("ok", await SayAsync(["-sS", "--noproxy", "*", "-m", "30", "--interface", "127.0.0.2", At(front.Http1) + "/things/1"]));
            served++;
        }

        var (said, _) = await attack;
        // it asks with HEAD whether ranges are served, and gives up
        Assert.True(served > 5 || mode == "-R", $"{what}: {served} others were served\n{said}");
        Assert.InRange(front.Resident, 0, 400 << 20);
        var metrics = await SayAsync(["-sS", "--noproxy", "*", At(front.Administration) + "/metrics"]);
        if (mode != "-R") Assert.Matches("gatehouse_connections_(cut|refused)_total\\{[^}]*\\} [1-9]", metrics);
        var log = await File.ReadAllLinesAsync(Path.Combine(front.Folder, "access.log"), Cancel);
        Assert.All(log, line => Assert.True((int?)JsonNode.Parse(line)!["status"] is null or < 500, line));
    }

    private static string At(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    private static string Url(int port) => At(port) + "/things/1";

    private static async Task<string> SayAsync(string[] arguments)
    {
        var (said, code) = await Tools.RunAsync("curl", Cancel, arguments);
        Assert.True(code == 0, $"curl {string.Join(' ', arguments)} ended with {code}: {said}");
        return said;
    }
}
