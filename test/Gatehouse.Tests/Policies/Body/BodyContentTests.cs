using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Body;
using Gatehouse.Routes;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Gatehouse.Tests.Policies.Body;

/// <summary>What is in a whole body: looked through before it is forwarded, and forwarded as it came.</summary>
public sealed class BodyContentTests
{
    private readonly PolicyHarness _harness = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [Control("LIM-3")]
    [InlineData(64, null)]
    [InlineData(65, "json-too-complex")]
    public async Task Bounds_JSON_where_nothing_is_written(int depth, string? problem)
    {
        var text = new string('[', depth) + new string(']', depth);
        Assert.Equal(problem, await DecideAsync("{}", text));
        Assert.Null(await DecideAsync("{}", text, type: "text/plain"));
        Assert.Null(await DecideAsync("body: { stream: true, reason: a test }", text));
        Assert.Null(await DecideAsync("{}", text, effect: Effect.Read));
        Assert.Equal(problem, await DecideAsync("{}", text + new string(' ', 200_000))); // in a file
    }

    [Theory]
    [Control("LIM-3")]
    [InlineData("[[1]]", null)]
    [InlineData("[[[1]]]", "json-too-complex")]
    [InlineData("[1", "malformed-json")]
    [InlineData("""{"a":1,"a":2}""", "malformed-json")]
    public async Task Bounds_JSON_as_a_route_says_reads_included(string text, string? problem)
    {
        foreach (var effect in (Effect[])[Effect.Read, Effect.Write])
            Assert.Equal(problem, await DecideAsync("body: { json: { depth: 2 } }", text, effect: effect));
    }

    [Theory]
    [Control("LIM-4")]
    [InlineData("gzip", "gzip", 1000, null)]
    [InlineData("br", "br", 1000, null)]
    [InlineData("deflate", "deflate", 1000, null)]
    [InlineData("gzip", "GZIP", 1000, null)]
    [InlineData("gzip", "gzip", 200_001, "body-too-large")]
    [InlineData("br", "br", 200_001, "body-too-large")]
    [InlineData("deflate", "deflate", 200_001, "body-too-large")]
    [InlineData("br", "gzip", 1000, "malformed-request")]
    [InlineData("gzip", "identity", 1000, null)]
    [InlineData("gzip", "x-gzip", 1000, "encoded-body")]
    [InlineData("gzip", "zstd", 1000, "encoded-body")]
    [InlineData("gzip", "gzip, gzip", 1000, "encoded-body")]
    [InlineData("gzip", "gzip|gzip", 1000, "encoded-body")]
    [InlineData("gzip", "identity|gzip", 1000, null)]
    public async Task Takes_a_compressed_body_that_unpacks_to_no_more_than_allowed(string packedAs, string says, int size, string? problem)
    {
        var content = new byte[size];
        new Random(1).NextBytes(content);
        var packed = Packing.Pack(packedAs, content);
        var exchange = Request(packed, "text/plain", says.Split('|'));
        Assert.Equal(problem, (await Compile("body: { encodings: [gzip, br, deflate], expanded: 200000B }").OnRequestAsync(exchange)).Problem?.Name);
        if (problem is not null) return;
        using var forwarded = new MemoryStream();
        await exchange.Http.Request.Body.CopyToAsync(forwarded, Cancel);
        Assert.Equal(packed, forwarded.ToArray());
        Assert.Equal(says.Replace('|', ','), exchange.RequestHeaders.ContentEncoding.ToString());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("body: { encodings: [br], expanded: 1MiB }")]
    [Control("LIM-4")]
    public async Task Takes_no_coding_that_the_route_has_not_named(string fragment)
    {
        var body = Request(Packing.Pack("gzip", "hello"u8.ToArray()), "text/plain", "gzip");
        Assert.Same(Problems.EncodedBody, (await Compile(fragment).OnRequestAsync(body)).Problem);
    }

    [Theory]
    [Control("LIM-4")]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task Refuses_a_bomb_before_it_has_gone_off(string coding)
    {
        var bomb = Packing.Pack(coding, new byte[9_000_000]);
        var exchange = Request(bomb, "application/octet-stream", coding);
        var verdict = await Compile("body: { encodings: [gzip, br, deflate], expanded: 10MiB }").OnRequestAsync(exchange);
        Assert.Equal(
            (Problems.BodyTooLarge, "the body unpacks to more than a hundred times its size"),
            (verdict.Problem, verdict.Reason));
        Assert.Null((await Compile("body: { encodings: [gzip, br, deflate], expanded: 10MiB }").OnRequestAsync(
            Request(Packing.Pack(coding, new byte[60_000]), "application/octet-stream", coding))).Problem); // little is no bomb
    }

    [Theory]
    [Control("LIM-3")]
    [Control("LIM-4")]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task Bounds_JSON_that_comes_compressed(string coding)
    {
        foreach (var (text, problem) in ((string, string?)[])[("[[1]]", null), ("[[[1]]]", "json-too-complex"), ("[[1]", "malformed-json")])
            foreach (var effect in (Effect[])[Effect.Read, Effect.Write])
            {
                var exchange = Request(Packing.Pack(coding, Encoding.UTF8.GetBytes(text)), "application/json", coding);
                var policy = Compile("body: { json: { depth: 2 }, encodings: [gzip, br, deflate], expanded: 1KiB }", effect);
                Assert.Equal(problem, (await policy.OnRequestAsync(exchange)).Problem?.Name);
            }
    }

    [Theory]
    [InlineData("{}", false)]
    [InlineData("body: { stream: true, reason: a long conversation }", true)]
    public async Task A_client_may_pause_where_somebody_has_written_why_the_body_is_streamed(string fragment, bool mayPause)
    {
        var exchange = Request("x"u8.ToArray(), "text/plain");
        var rate = new Rate();
        exchange.Http.Features.Set<IHttpMinRequestBodyDataRateFeature>(rate);
        await Compile(fragment, Effect.Read).OnRequestAsync(exchange);
        Assert.Equal(mayPause, rate.MinDataRate is null);
    }

    private Policy Compile(string fragment, Effect effect = Effect.Write) => _harness.Compile(new BodyKind(), fragment, effect)!;

    private Exchange Request(byte[] body, string type, params string[] codings)
    {
        var exchange = _harness.Exchange("POST");
        exchange.Http.Request.Body = new MemoryStream(body);
        exchange.Http.Request.ContentLength = body.Length;
        exchange.Http.Request.ContentType = type;
        if (codings.Length > 0) exchange.RequestHeaders.ContentEncoding = codings;
        return exchange;
    }

    private async Task<string?> DecideAsync(string fragment, string text, string type = "application/json", Effect effect = Effect.Write)
    {
        var exchange = Request(Encoding.UTF8.GetBytes(text), type);
        var policy = Compile(fragment, effect);
        var problem = (await policy.OnRequestAsync(exchange)).Problem?.Name;
        if (problem is null)
        {
            using var forwarded = new StreamReader(exchange.Http.Request.Body);
            Assert.Equal(text, await forwarded.ReadToEndAsync(Cancel));
        }

        policy.OnFinished(exchange);
        return problem;
    }

    private sealed class Rate : IHttpMinRequestBodyDataRateFeature
    {
        public MinDataRate? MinDataRate { get; set; } = new(1000, TimeSpan.FromSeconds(5));
    }
}
