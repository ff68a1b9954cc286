using System.Text;
using Gatehouse.Cli;
using Gatehouse.Cli.Commands;
using Gatehouse.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Cli;

/// <summary>What answers at the administration's address may be anything; what it writes must not drive the terminal.</summary>
public sealed class ExplainCommandTests
{
    private const string Id = "01K8Z3V6T4Q0M2N5R7S9W1X3Y5";

    [Fact]
    public async Task What_a_server_says_of_a_request_is_shown_without_control_characters()
    {
        const string answer =
            """
            {"ro\u001b[2Jute":"x\u001b[31m","a\nforged":1,"decisions":[{"policy":"p\u001b]0;","verdict":"v\n"}],"lim\u001bits":{"name":"n\u001b"}}
            """;

        var run = await ExplainAsync("200 OK", answer);

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.DoesNotContain(run.Output.ReplaceLineEndings(""), char.IsControl);
        Assert.Equal(5, run.Output.ReplaceLineEndings("\n").TrimEnd().Split('\n').Length);
        Assert.Contains("ro\\u001b[2Jute", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_server_says_that_it_does_not_remember_is_shown_without_control_characters()
    {
        var run = await ExplainAsync(
            "404 Not Found", """{"longestSeconds":"5\u001b[2J\nforged","refusalsSince":"\u001b","othersSince":"\n"}""");

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.DoesNotContain(run.Error.TrimEnd(), char.IsControl);
        Assert.Contains("longer than 5\\u001b[2J\\u000aforged s", run.Error, StringComparison.Ordinal);
    }

    private static async Task<Runs.Run> ExplainAsync(string status, string json)
    {
        await using var server = RawUpstream.Answering(
            $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}");
        return await Runs.Async(
            ExplainCommand.Create(new GatewayOptions { DeclarationPath = "gatehouse.yaml" }),
            "explain", "--request", Id, "--admin", server.Address.ToString());
    }
}
