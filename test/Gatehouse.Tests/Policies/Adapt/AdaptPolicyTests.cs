using Gatehouse.Pipeline;
using Gatehouse.Policies.Adapt;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Policies.Adapt;

public sealed class AdaptPolicyTests
{
    private static readonly string[] Targeted =
        ["CDN-Cache-Control", "Surrogate-Control", "Cloudflare-CDN-Cache-Control", "Edge-Control", "X-Accel-Expires"];

    private readonly PolicyHarness _harness = new();

    private Task<Exchange> RunAsync(string fragment, string target = "/orders/17", Action<Exchange>? backend = null, params (string,
        string)[] headers) => RunAsync(PersonalData.None, fragment, target, backend, headers);

    private async Task<Exchange> RunAsync(
        PersonalData personalData, string fragment, string target = "/orders/17", Action<Exchange>? backend = null, params (string, string)[] headers)
    {
        var kind = new AdaptKind();
        var policy = kind.Compile(_harness.Route(kind, fragment, personalData: personalData), _harness.Context)!;
        Assert.Empty(_harness.Findings.InOrder());
        var exchange = _harness.Exchange(target: target, headers: headers);
        var verdict = await policy.OnRequestAsync(exchange);
        exchange.Problem = verdict.Problem;
        backend?.Invoke(exchange);
        policy.OnResponse(exchange);
        return exchange;
    }

    [Fact]
    public async Task Removes_renames_sets_and_adds_in_this_order()
    {
        var exchange = await RunAsync(
            "request: { headers: { add: { X-A: added }, set: { X-A: set, X-B: set }, rename: { X-Old: X-New, X-Gone: X-B }, remove: [x-gone] } }",
            headers: [("X-A", "sent"), ("X-Old", "old"), ("X-Gone", "gone"), ("X-Kept", "kept")]);
        Assert.Equal(["set", "added"], exchange.RequestHeaders["X-A"].ToArray());
        Assert.Equal("set", exchange.RequestHeaders["X-B"]);
        Assert.Equal("old", exchange.RequestHeaders["X-New"]);
        Assert.Equal("kept", exchange.RequestHeaders["X-Kept"]);
        Assert.False(exchange.RequestHeaders.ContainsKey("X-Old"));
        Assert.False(exchange.RequestHeaders.ContainsKey("X-Gone"));
    }

    [Theory]
    [InlineData("{ strip: /orders }", "/orders/17", "/17")]
    [InlineData("{ strip: /orders }", "/orders/", "/")]
    [InlineData("{ strip: /orders }", "/orders", "/")]
    [InlineData("{ add: /v2 }", "/orders/17", "/v2/orders/17")]
    [InlineData("{ strip: /orders, add: /v2/o }", "/orders/17", "/v2/o/17")]
    [InlineData("{ strip: /orders, add: /v2 }", "/orders", "/v2")]
    [InlineData("{ strip: /orders }", "/orders/a%20b", "/a%20b")]
    public async Task Changes_the_beginning_of_the_path(string path, string target, string forwarded) =>
        Assert.Equal(forwarded, (await RunAsync($"request: {{ path: {path} }}", target)).ForwardedPath);

    [Fact]
    public async Task Leaves_the_path_alone_when_nothing_is_said() => Assert.Null((await RunAsync("{}")).ForwardedPath);

    [Theory]
    [InlineData("/ordersx/17")]
    [InlineData("/other/17")]
    public async Task Refuses_a_path_without_the_prefix(string target) =>
        Assert.Same(Problems.InternalError, (await RunAsync("request: { path: { strip: /orders } }", target)).Problem);

    [Fact]
    public async Task Adapts_answers_and_leaves_refusals_alone()
    {
        const string Fragment = "response: { headers: { set: { Strict-Transport-Security: max-age=300 }, remove: [X-Debug, Set-Cookie] } }";
        var answer = await RunAsync(Fragment, backend: e => (e.ResponseHeaders["X-Debug"], e.ResponseHeaders.SetCookie) = ("1", "a=b"));
        Assert.Equal(["Strict-Transport-Security"], answer.ResponseHeaders.Keys);
        Assert.Empty((await RunAsync(Fragment, backend: e => e.Problem = Problems.UpstreamFailed)).ResponseHeaders);
    }

    [Theory]
    [Control("ERR-7")]
    [InlineData(false, 200, null, null)]
    [InlineData(false, 200, "max-age=60", "max-age=60")]
    [InlineData(false, 404, null, "no-store")]
    [InlineData(false, 500, null, "no-store")]
    [InlineData(false, 404, "max-age=60", "max-age=60")]
    [InlineData(true, 200, null, "no-store")]
    [InlineData(true, 200, "public, max-age=60", "no-store")]
    [InlineData(true, 404, "max-age=60", "no-store")]
    public async Task No_cache_keeps_errors_and_personal_data(bool personal, int status, string? said, string? expected)
    {
        var personalData = personal ? PersonalData.Special : PersonalData.None;

        void Answer(Exchange exchange)
        {
            exchange.Status = status;
            if (said is null) return;
            exchange.ResponseHeaders.CacheControl = said;
            foreach (var name in Targeted) exchange.ResponseHeaders[name] = said;
        }

        var headers = (await RunAsync(personalData, "{}", backend: Answer)).ResponseHeaders;
        Assert.Equal(expected ?? "", headers.CacheControl.ToString());
        var others = personal ? "" : said ?? "";
        Assert.All(Targeted, name => Assert.Equal(others, headers[name].ToString()));
        var own = await RunAsync(personalData, "response: { headers: { set: { Cache-Control: max-age=5 } } }", backend: Answer);
        Assert.Equal("max-age=5", own.ResponseHeaders.CacheControl.ToString());
    }

    [Theory]
    [Control("LIM-9")]
    [InlineData(true, "bytes=0-99")]
    [InlineData(true, "bytes=100-")]
    [InlineData(true, "bytes=-500")]
    [InlineData(true, "items=0-9")]
    [InlineData(true, "bytes=0-9, 20-29,40-49,60-")]
    [InlineData(false, "bytes=0-9,20-29,40-49,60-69,80-89")]
    [InlineData(false, "bytes=0-9,5-14")]
    [InlineData(false, "bytes=20-29,0-9")]
    [InlineData(false, "bytes=0-,0-")]
    [InlineData(false, "bytes=0-9,-500")]
    [InlineData(false, "bytes=5-0,9-10")]
    [InlineData(false, "bytes=,,,,")]
    [InlineData(false, "bytes=0-99999999999999999999,1-2")]
    [InlineData(false, "items=0-9,20-29")]
    [InlineData(false, "bytes=0-9", "bytes=20-29")]
    public async Task Asks_for_few_parts_that_are_apart_or_for_the_whole(bool stays, params string[] ranges)
    {
        var exchange = await RunAsync("{}", headers: [.. ranges.Select(r => ("Range", r)), ("Request-Range", ranges[0])]);
        Assert.Equal(stays ? ranges : [], exchange.RequestHeaders.Range.ToArray());
        Assert.False(exchange.RequestHeaders.ContainsKey("Request-Range"));
    }

    public static TheoryData<string, string> Reserved
    {
        get
        {
            var data = new TheoryData<string, string>();
            string[] both = ["Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "X-Request-Id",
                "traceparent", "Sec-WebSocket-Key"];
            string[] request = ["Host", "Authorization", "X-Api-Key", "Cookie", "Forwarded", "x-forwarded-for", "X-Forwarded-Anything", "X-Real-IP",
                "X-HTTP-Method-Override", "Content-Type", "content-encoding"];
            string[] response = ["RateLimit", "RateLimit-Policy", "Retry-After", "Set-Cookie", "WWW-Authenticate", "Access-Control-Allow-Origin",
                "Alt-Svc"];
            foreach (var name in both.Concat(request)) data.Add("request", name);
            foreach (var name in both.Concat(response)) data.Add("response", name);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Reserved))]
    public void Refuses_to_touch_framing_routing_and_identity(string side, string name)
    {
        foreach (var change in new[] { $"set: {{ {name}: x }}", $"add: {{ {name}: x }}", $"rename: {{ X-A: {name} }}", $"rename: {{ {name}: X-A }}" })
        {
            var harness = new PolicyHarness();
            harness.Route(new AdaptKind(), $"{side}: {{ headers: {{ {change} }} }}");
            Assert.Contains($"GH1037 '{name}'", Assert.Single(harness.Findings.InOrder()).ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("request: { headers: { remove: [Cookie, Authorization] } }", null)]
    [InlineData("request: { headers: { rename: { X-App-User: X-User-Id } } }", "GH1037 'X-User-Id' is a name under which backends believe")]
    [InlineData("request: { headers: { set: { X-User-Id: \"17\" } } }", null)]
    [InlineData("response: { headers: { rename: { X-Target: Location } } }", "GH1037 'Location' may name servers inside")]
    [InlineData("request: { headers: { remove: [Host] } }", "GH1037 'Host' decides where the request goes")]
    [InlineData("request: { headers: { remove: [Content-Type] } }", "GH1037 'Content-Type' says what the body is, which was judged by what the client has said")]
    [InlineData("request: { headers: { remove: [Content-Encoding] } }", "GH1037 'Content-Encoding' says what the body is")]
    [InlineData("response: { headers: { set: { Content-Type: text/plain }, remove: [Content-Language] } }", null)]
    [InlineData("request: { headers: { set: { X-A: \"a\\nb\" } } }", "GH2006")]
    [InlineData("request: { headers: { set: { X-A: \"\\u00e9\" } } }", "GH2006")]
    [InlineData("request: { headers: { set: { \"X A\": b } } }", "GH2006 'X A' cannot be a header field's name")]
    [InlineData("request: { headers: { set: { X-A: a, x-a: b } } }", "GH2003 'set' has the field 'x-a' twice")]
    [InlineData("request: { path: { strip: /orders/ } }", "GH2006")]
    [InlineData("request: { path: { strip: orders } }", "GH2006")]
    [InlineData("request: { path: { add: /a/../b } }", "GH2006")]
    [InlineData("request: { path: { add: /a%2fb } }", "GH2006")]
    [InlineData("request: { path: { add: //a } }", "GH2006")]
    [InlineData("request: { path: { strip: /orders } }", null)]
    [InlineData("request: { path: { strip: /order } }", "GH1037 '/order' does not begin the path /orders/{id}")]
    [InlineData("request: { path: { strip: /orders/17 } }", "GH1037 '/orders/17' does not begin the path /orders/{id}")]
    [InlineData("response: { max: 10MiB, errors: replace }", null)]
    [InlineData("response: { max: 0B }", "GH2006")]
    [InlineData("response: { errors: hide }", "GH2006")]
    [InlineData("response: { path: { add: /a } }", "GH2004 unknown key 'path' in a response's adaptation")]
    public void Finds(string fragment, string? finding)
    {
        var kind = new AdaptKind();
        var route = _harness.Route(kind, fragment);
        kind.Check(route, _harness.Findings);
        if (finding is null) Assert.Empty(_harness.Findings.InOrder());
        else Assert.Contains(finding, Assert.Single(_harness.Findings.InOrder()).ToString(), StringComparison.Ordinal);
    }
}
