using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Gatehouse.Configuration;
using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Answers;

/// <summary>What refusals say and do not say, and what becomes of a gateway whose own code fails.</summary>
public sealed partial class LeakTests
{
    private static readonly string[] Fields =
    [
        "Content-Type", "Content-Length", "Cache-Control", "X-Content-Type-Options", "X-Request-Id", "Date", "Connection", "Allow", "RateLimit",
        "RateLimit-Policy", "Retry-After",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, int> Refusals => new()
    {
        { "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", 404 },
        { "POST /things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405 },
        { "GET /things/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400 },
        { "GET /things/1 HTTP/1.1\r\nHost: other.example\r\n\r\n", 421 },
        { "GET /things/1 HTTP/1.1\r\nHost: localhost\r\nX-A: \u0001\r\n\r\n", 400 },
        { "GET /things/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400 },
        { "GET /things/1?access_token=abc HTTP/1.1\r\nHost: localhost\r\n\r\n", 400 },
        { "GET /things/1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 400 },
        { "POST /little/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", 413 },
        { "GET /things/broken HTTP/1.1\r\nHost: localhost\r\n\r\n", 502 },
        { "GET /gone/1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 502 },
        { "GET /late/1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 504 },
        { "GET /things/1 HTTP/1.1\r\nHost: localhost\r\nX-Fault: request\r\n\r\n", 500 },
        { "GET /things/1 HTTP/1.1\r\nHost: localhost\r\nX-Fault: later\r\n\r\n", 500 },
        { "GET /things/1 HTTP/1.1\r\nHost: localhost\r\nX-Fault: response\r\n\r\n", 500 },
    };

    [Theory]
    [Control("ERR-1")]
    [MemberData(nameof(Refusals))]
    public async Task A_refusal_says_nothing_of_the_inside(string request, int status)
    {
        await using var upstream = Breaking();
        await using var gateway = await StartAsync(upstream.Address);

        var response = await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port, request);

        Assert.Equal((status, "application/problem+json"), (response.Status, response.Header("Content-Type")));
        Assert.Equal(("no-store", "nosniff"), (response.Header("Cache-Control"), response.Header("X-Content-Type-Options")));
        Assert.Empty(response.Headers.Select(h => h.Name).Except(Fields));
        Assert.Matches(
            "^\\{\"type\":\"urn:gatehouse:problem:[a-z-]+\",\"title\":\"[A-Za-z ',.]+\",\"status\":[0-9]{3},\"requestId\":\"[0-9A-Z]+\"\\}$",
            response.Text);
        var all = string.Join('\n', response.Headers.Where(h => h.Name != "Date").Select(h => $"{h.Name}: {h.Value}")) + response.Text;
        Assert.DoesNotMatch(Telling(), all);
        Assert.DoesNotContain(upstream.Port.ToString(CultureInfo.InvariantCulture), all, StringComparison.Ordinal);
        var record = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.NotNull((string?)record["reason"]);
        Assert.DoesNotContain(Fault.Secret, gateway.AccessLog.Lines[0], StringComparison.Ordinal);
    }

    public static TheoryData<string> Unparsable =>
    [
        "GET /things/1 HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "this is not HTTP\r\n\r\n",
        "GET /things/1 HTTP/1.1\nHost: localhost\n\n",
        "GET /things/1 HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "\u0016\u0003\u0001\u0000\u0005hello\r\n\r\n",
        "GET /" + new string('a', 20_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /things/1 HTTP/1.1\r\nHost: localhost\r\nX-A: " + new string('a', 60_000) + "\r\n\r\n",
    ];

    [Theory]
    [Control("ERR-6")]
    [Control("SMG-13", "what the parser refuses")]
    [MemberData(nameof(Unparsable))]
    public async Task What_the_parser_refuses_is_told_without_a_word_of_it_and_logged(string request)
    {
        await using var upstream = Breaking();
        await using var gateway = await StartAsync(upstream.Address);
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync(request);

        var all = Encoding.Latin1.GetString(await client.ReadToEndAsync());

        Assert.Matches("^HTTP/1.1 (400 Bad Request|414 URI Too Long|431 Request Header Fields Too Large|505 HTTP Version Not Supported)\r\n", all);
        Assert.DoesNotMatch(Telling(), all[(all.IndexOf('\n', StringComparison.Ordinal) + 1)..]);
        Assert.EndsWith("\r\n\r\n", all, StringComparison.Ordinal);
        var problem = all[9..12] switch { "414" => "target-too-long", "431" => "headers-too-large", _ => "malformed-request" };
        Assert.Equal(problem, (string?)(await gateway.AccessLog.WaitForAsync(_ => true, Cancel))["problem"]);
        Assert.Equal(0, upstream.Connections);
    }

    [Theory]
    [Control("ERR-5")]
    [InlineData("request", false)]
    [InlineData("later", false)]
    [InlineData("response", true)]
    [InlineData("end", true)]
    public async Task A_fault_of_the_gateways_own_lets_nothing_through_and_ends_nothing_else(string fault, bool calls)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(http => http.Response.WriteAsync("the answer"));
        await using var gateway = await StartAsync(upstream.Address);
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);

        await client.SendAsync($"GET /things/1 HTTP/1.1\r\nHost: localhost\r\nX-Fault: {fault}\r\n\r\n");
        var response = await client.ReadResponseAsync();

        Assert.Equal(fault == "end" ? 200 : 500, response.Status);
        Assert.Equal(fault == "end", response.Text == "the answer");
        Assert.Equal(calls ? 1 : 0, upstream.Requests.Count);
        var record = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal(fault == "end" ? null : "internal-error", (string?)record["problem"]);
        Assert.Equal(fault == "end" ? null : nameof(InvalidOperationException), (string?)record["failure"]);
        Assert.DoesNotContain(Fault.Secret, string.Concat(gateway.AccessLog.Lines) + gateway.Events, StringComparison.Ordinal);

        await client.SendAsync("GET /things/2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal((200, "the answer"), ((response = await client.ReadResponseAsync()).Status, response.Text));
    }

    private static Task<TestGateway> StartAsync(Uri upstream) => TestGateway.StartAsync(
        new SmallDeclaration(upstream)
        {
            MoreRoutes = RoutesForTests.Of(RoutesForTests.SmallSearch, Get("gone", ""), Get("late", "deadline: 1s")),
        },
        kinds: [new Fault(), .. PolicyCatalog.AfterRoute]);

    private static string Get(string name, string more) =>
        $$"""

              get-{{name}}:
                match: GET /{{name}}/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
                {{more}}
        """;

    /// <summary>Answers with what is not HTTP, with nothing at all, or never.</summary>
    private static RawUpstream Breaking() => RawUpstream.Start(async connection =>
    {
        var head = await connection.ReadHeadAsync();
        if (head is null || head.StartsWith("GET /gone/", StringComparison.Ordinal)) return;
        if (head.StartsWith("GET /late/", StringComparison.Ordinal)) await connection.ReadToEndAsync();
        else if (head.StartsWith("GET /things/broken", StringComparison.Ordinal)) await connection.WriteAsync("Kestrel/10.0 in /srv/db-7.inside\r\n");
        else await connection.WriteAsync("HTTP/1.1 200 OK\r\nServer: Kestrel\r\nContent-Length: 2\r\n\r\nok");
    });

    [GeneratedRegex(
        "127\\.0\\.0\\.1|localhost|kestrel|yarp|asp\\.?net|microsoft|dotnet|exception|stack|\\.cs|\\.ya?ml|/tmp|/srv|inside|10\\.0|things|edge",
        RegexOptions.IgnoreCase)]
    private static partial Regex Telling();

    /// <summary>Throws where a request asks for it.</summary>
    private sealed class Fault() : RoutePolicyKind("fault")
    {
        public const string Secret = "secret-of-the-inside";

        public override Policy Compile(Route route, CompileContext context) => new Throwing();

        private sealed class Throwing : Policy
        {
            public override string Name => "fault";

            public override async ValueTask<Verdict> OnRequestAsync(Exchange exchange)
            {
                Throw(exchange, "request");
                if (exchange.RequestHeaders["X-Fault"] != "later") return Verdict.Continue;
                await Task.Yield();
                Throw(exchange, "later");
                return Verdict.Continue;
            }

            public override void OnResponse(Exchange exchange)
            {
                if (exchange.Problem is null) Throw(exchange, "response");
            }

            public override void OnFinished(Exchange exchange) => Throw(exchange, "end");

            private static void Throw(Exchange exchange, string where)
            {
                if (exchange.RequestHeaders["X-Fault"] == where) throw new InvalidOperationException(Secret);
            }
        }
    }
}
