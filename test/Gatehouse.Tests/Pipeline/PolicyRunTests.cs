using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Gatehouse.Tests.Pipeline;

/// <summary>The order in which policies are asked and shown things, and what happens when one throws at each of the three places.</summary>
public sealed class PolicyRunTests
{
    private readonly PolicyHarness _harness = new();
    private readonly List<string> _told = [];

    private enum Throws
    {
        Never,
        OnRequest,
        OnResponse,
        OnFinished,
    }

    private sealed class Probe(string name, List<string> told, Throws throws = Throws.Never, bool waits = false, Problem? rejects = null) : Policy
    {
        public override string Name => name;

        public override async ValueTask<Verdict> OnRequestAsync(Exchange exchange)
        {
            if (waits) await Task.Yield();
            Tell("?", Throws.OnRequest);
            return rejects is null ? Verdict.Continue : Verdict.Reject(rejects);
        }

        public override void OnResponse(Exchange exchange)
        {
            Tell("<", Throws.OnResponse);
            exchange.ResponseHeaders["X-" + name] = "seen";
        }

        public override void OnFinished(Exchange exchange) => Tell(".", Throws.OnFinished);

        private void Tell(string what, Throws at)
        {
            told.Add(name + what);
            if (throws == at) throw new InvalidOperationException("a fault");
        }
    }

    /// <summary>Runs both parts as the gateway does, with a backend that answers 200 and a header field of its own.</summary>
    private async Task<Exchange> RunAsync(Policy[] before, Policy[] after)
    {
        var exchange = _harness.Exchange();
        exchange.Walk.Begin(before);
        try
        {
            var verdict = await PolicyPipeline.OnRequestAsync(exchange, before);
            if (verdict.Kind == VerdictKind.Continue)
            {
                exchange.Walk.Continue(after);
                verdict = await PolicyPipeline.OnRequestAsync(exchange, after);
            }

            if (verdict.Kind == VerdictKind.Continue)
            {
                exchange.ResponseHeaders["X-Backend"] = "10.0.0.1";
                exchange.Walk.OnResponse(exchange);
            }
            else
            {
                await ProblemWriter.WriteAsync(exchange, verdict);
            }
        }
        catch (InvalidOperationException)
        {
            await ProblemWriter.WriteAsync(exchange, Verdict.Reject(Problems.InternalError));
        }
        finally
        {
            exchange.Walk.OnFinished(exchange);
        }

        return exchange;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Asks_in_order_and_walks_back(bool waits)
    {
        await RunAsync([new Probe("a", _told, waits: waits), new Probe("b", _told)], [new Probe("c", _told, waits: waits), new Probe("d", _told)]);
        Assert.Equal(["a?", "b?", "c?", "d?", "d<", "c<", "b<", "a<", "d.", "c.", "b.", "a."], _told);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Shows_a_refusal_only_to_those_who_saw_the_request(bool waits)
    {
        var exchange = await RunAsync([new Probe("a", _told)], [new Probe("b", _told, waits: waits, rejects: Problems.Forbidden), new Probe("c",
            _told)]);
        Assert.Equal(["a?", "b?", "b<", "a<", "b.", "a."], _told);
        Assert.Equal(("b", 403), (exchange.DecidedBy, exchange.Status));
        Assert.Equal("seen", exchange.ResponseHeaders["X-b"]);
    }

    [Theory]
    [Control("AZN-1")]
    [Control("ERR-5")]
    [InlineData(false)]
    [InlineData(true)]
    [Control("AVL-3", "a policy")]
    public async Task Refuses_when_a_policy_throws_at_the_request(bool waits)
    {
        var exchange = await RunAsync([new Probe("a", _told)], [new Probe("b", _told, Throws.OnRequest, waits), new Probe("c", _told)]);
        Assert.Equal(["a?", "b?", "b<", "a<", "b.", "a."], _told);
        Assert.Same(Problems.InternalError, exchange.Problem);
        Assert.Equal("b", exchange.DecidedBy);
        Assert.IsType<InvalidOperationException>(exchange.Failure);
    }

    [Fact]
    [Control("AZN-1")]
    [Control("ERR-1", "nothing of the answer stays")]
    [Control("ERR-5")]
    public async Task Refuses_when_a_policy_throws_at_an_answer_and_forgets_what_the_backend_sent()
    {
        var exchange = await RunAsync([new Probe("a", _told)], [new Probe("b", _told, Throws.OnResponse), new Probe("c", _told)]);
        Assert.Equal(["a?", "b?", "c?", "c<", "b<", "c<", "b<", "a<", "c.", "b.", "a."], _told);
        Assert.Equal(("b", 500), (exchange.DecidedBy, exchange.Status));
        Assert.False(exchange.ResponseHeaders.ContainsKey("X-Backend"));
        Assert.Equal("seen", exchange.ResponseHeaders["X-c"]);
        Assert.Equal("seen", exchange.ResponseHeaders["X-a"]);
    }

    [Fact]
    public async Task Sends_a_refusal_although_a_policy_throws_at_it()
    {
        var exchange = await RunAsync([new Probe("a", _told)], [new Probe("b", _told, Throws.OnResponse), new Probe("c", _told,
            rejects: Problems.Forbidden)]);
        Assert.Equal(["a?", "b?", "c?", "c<", "b<", "a<", "c.", "b.", "a."], _told);
        Assert.Equal(("c", 403), (exchange.DecidedBy, exchange.Status));
    }

    [Fact]
    public async Task Ends_for_everybody_although_a_policy_throws_at_the_end()
    {
        var exchange = await RunAsync([new Probe("a", _told, Throws.OnFinished)], [new Probe("b", _told, Throws.OnFinished)]);
        Assert.Equal(["b.", "a."], _told[^2..]);
        Assert.Null(exchange.Problem);
    }

    public static TheoryData<string> EveryProblem => [.. Problems.All.Select(p => p.Name)];

    [Theory]
    [Control("ERR-1")]
    [MemberData(nameof(EveryProblem))]
    public async Task Answers_every_problem_as_problem_json(string name)
    {
        var problem = Problems.All.Single(p => p.Name == name);
        var exchange = _harness.Exchange();
        await ProblemWriter.WriteAsync(exchange, Verdict.Reject(problem, "the real reason"));
        var response = exchange.Http.Response;
        var body = ((MemoryStream)response.Body).ToArray();
        using var json = JsonDocument.Parse(body);
        Assert.Equal(["type", "title", "status", "requestId"], json.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(problem.Type, json.RootElement.GetProperty("type").GetString());
        Assert.Equal(problem.Title, json.RootElement.GetProperty("title").GetString());
        Assert.Equal(problem.Status, json.RootElement.GetProperty("status").GetInt32());
        Assert.Equal(exchange.RequestId, json.RootElement.GetProperty("requestId").GetString());
        Assert.Equal((problem.Status, (long?)body.Length, "application/problem+json"), (response.StatusCode, response.ContentLength,
            response.ContentType));
        Assert.Equal(("no-store", "nosniff"), (response.Headers.CacheControl.ToString(), response.Headers.XContentTypeOptions.ToString()));
        Assert.Equal(exchange.RequestId, response.Headers["X-Request-Id"]);
        Assert.Equal(problem.Closes ? "close" : "", response.Headers.Connection.ToString());
    }

    [Fact]
    public async Task Answers_HEAD_without_a_body()
    {
        var exchange = _harness.Exchange("HEAD");
        await ProblemWriter.WriteAsync(exchange, Verdict.Reject(Problems.NotFound));
        Assert.Equal(0, exchange.Http.Response.Body.Length);
        Assert.True(exchange.Http.Response.ContentLength > 0);
        Assert.Equal(0, exchange.ResponseBytes);
    }

    [Theory]
    [Control("SMG-11")]
    [InlineData("HTTP/1.1", true, false, "close")]
    [InlineData("HTTP/1.1", true, true, "")]
    [InlineData("HTTP/1.1", false, false, "")]
    [InlineData("HTTP/2", true, false, "")]
    public async Task Closes_a_connection_on_which_a_body_may_still_come(string protocol, bool canHaveBody, bool read, string connection)
    {
        var exchange = _harness.Exchange("POST");
        exchange.Http.Request.Protocol = protocol;
        exchange.Http.Features.Set<IHttpRequestBodyDetectionFeature>(new BodyDetection(canHaveBody));
        exchange.RequestBodyRead = read;
        await ProblemWriter.WriteAsync(exchange, Verdict.Reject(Problems.NotFound));
        Assert.Equal(connection, exchange.ResponseHeaders.Connection.ToString());
    }

    [Fact]
    public async Task Never_throws_when_nobody_hears_the_answer()
    {
        var exchange = _harness.Exchange();
        exchange.Http.Response.Body = new BrokenStream();
        await ProblemWriter.WriteAsync(exchange, Verdict.Reject(Problems.NotFound));
        Assert.IsType<IOException>(exchange.Failure);
        Assert.Same(Problems.NotFound, exchange.Problem);
    }

    private sealed record BodyDetection(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("reset");
    }
}
