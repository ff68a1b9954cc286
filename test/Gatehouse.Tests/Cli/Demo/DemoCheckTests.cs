using System.Net;
using System.Text;
using Gatehouse.Cli.Commands.Demo;

namespace Gatehouse.Tests.Cli.Demo;

public sealed class DemoCheckTests
{
    private static readonly Uri Anywhere = new("http://127.0.0.1:1/");

    public static TheoryData<string?, ExpectedAnswerCase> Cases => new()
    {
        { null, new(new(200)) },
        { null, new(new(200) { Says = ["\"a\":1"], Carries = [("X-There", "yes")], Lacks = ["X-Absent"] }) },
        { "the status is 200", new(new(404)) },
        { "the answer is no problem", new(new(200) { Problem = "not-found" }) },
        { "no body says \"b\":2", new(new(200) { Says = ["\"b\":2"] }) },
        { "X-Absent is not there", new(new(200) { Carries = [("X-Absent", "")] }) },
        { "X-There is yes indeed", new(new(200) { Carries = [("X-There", "no")] }) },
        { "X-There is there", new(new(200) { Lacks = ["X-There"] }) },
        { "the problem is forbidden", new(new(403), HttpStatusCode.Forbidden, "forbidden") },
        { "the problem is forbidden", new(new(403) { Problem = "insufficient-scope" }, HttpStatusCode.Forbidden, "forbidden") },
        { null, new(new(403) { Problem = "forbidden" }, HttpStatusCode.Forbidden, "forbidden") },
    };

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public async Task Says_what_is_different(string? different, ExpectedAnswerCase given)
    {
        using var client = new HttpClient(new Answers(_ => given.Answer()));

        Assert.Equal(different, await new DemoCheck(_ => client).DifferenceAsync(given.Call(Anywhere), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Of_several_calls_the_last_status_counts_and_every_body()
    {
        var statuses = new Queue<HttpStatusCode>([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests]);
        using var client = new HttpClient(new Answers(_ => new HttpResponseMessage(statuses.Peek())
        {
            Content = new StringContent($"answer {(int)statuses.Dequeue()}"),
        }));
        var call = new DemoCall("Limited", "", "GET", Anywhere, new(429) { Says = ["answer 200", "answer 429"] }) { Times = 3 };

        Assert.Null(await new DemoCheck(_ => client).DifferenceAsync(call, TestContext.Current.CancellationToken));
        Assert.Empty(statuses);
    }

    [Fact]
    public async Task One_different_answer_fails_the_check_and_is_marked()
    {
        using var client = new HttpClient(new Answers(_ => new HttpResponseMessage(HttpStatusCode.OK)));
        var output = new StringWriter();

        var passed = await new DemoCheck(_ => client).RunAsync(
            [new("Allowed", "first", "GET", Anywhere, new(200)), new("Refused", "second", "GET", Anywhere, new(401))], output,
                TestContext.Current.CancellationToken);

        Assert.False(passed);
        Assert.Contains("✓ Allowed", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("✗ Refused", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("1 of 2 calls", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_printed_to_copy_is_what_is_sent()
    {
        HttpRequestMessage? sent = null;
        var body = "";
        using var client = new HttpClient(new Answers(request =>
        {
            (sent, body) = (request, new StreamReader(request.Content!.ReadAsStream()).ReadToEnd());
            return new HttpResponseMessage(HttpStatusCode.OK);
        }));
        var call = new DemoCall("Allowed", "", "PUT", new Uri("http://127.0.0.1:1/stock/tea/count"), new(200))
        {
            Key = "ghk_test",
            Json = """{"counted":1}""",
        };

        await new DemoCheck(_ => client).DifferenceAsync(call, TestContext.Current.CancellationToken);

        Assert.Equal("""curl -sSi -X PUT -H 'X-Api-Key: ghk_test' -H 'Content-Type: application/json' -d '{"counted":1}' 'http://127.0.0.1:1/stock/tea/count'""", call.ToCurl());
        Assert.Equal((HttpMethod.Put, "ghk_test", "application/json", """{"counted":1}"""),
            (sent!.Method, sent.Headers.GetValues("X-Api-Key").Single(), sent.Content!.Headers.ContentType!.MediaType, body));
    }

    /// <summary>What a call expects, and what it is answered.</summary>
    public sealed class ExpectedAnswerCase
    {
        private readonly ExpectedAnswer _expected;
        private readonly HttpStatusCode _status;
        private readonly string? _problem;

        internal ExpectedAnswerCase(ExpectedAnswer expected, HttpStatusCode status = HttpStatusCode.OK, string? problem = null) =>
            (_expected, _status, _problem) = (expected, status, problem);

        internal DemoCall Call(Uri url) => new("Allowed", "", "GET", url, _expected);

        internal HttpResponseMessage Answer()
        {
            var answer = new HttpResponseMessage(_status)
            {
                Content = _problem is null
                    ? new StringContent("""{"a":1}""", Encoding.UTF8, "application/json")
                    : new StringContent($$"""{"type":"urn:gatehouse:problem:{{_problem}}"}""", Encoding.UTF8, "application/problem+json"),
            };
            answer.Headers.Add("X-There", "yes indeed");
            return answer;
        }
    }

    private sealed class Answers(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(answer(request));
    }
}
