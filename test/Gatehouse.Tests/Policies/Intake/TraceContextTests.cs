using Gatehouse.Pipeline;
using Gatehouse.Policies.Intake;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Intake;

public sealed class TraceContextTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Parent = "00-" + Trace + "-00f067aa0ba902b7-01";

    private readonly PolicyHarness _harness = new();

    [Theory]
    [InlineData("01", "01")]
    [InlineData("00", "00")]
    [InlineData("fe", "00")]
    [InlineData("0b", "01")]
    [Control("LOG-6")]
    public void Joins_the_client_s_trace_as_a_new_span(string flags, string forwarded)
    {
        var exchange = Take(("traceparent", Parent[..^2] + flags), ("tracestate", "a=b"));
        Assert.Equal(Trace, exchange.TraceId);
        var parent = exchange.RequestHeaders.TraceParent.ToString();
        Assert.Matches($"^00-{Trace}-[0-9a-f]{{16}}-{forwarded}$", parent);
        Assert.DoesNotContain("00f067aa0ba902b7", parent, StringComparison.Ordinal);
        Assert.Equal("a=b", exchange.RequestHeaders.TraceState);
    }

    [Theory]
    [InlineData("")]
    [InlineData("01-" + Trace + "-00f067aa0ba902b7-01")]
    [InlineData("ff-" + Trace + "-00f067aa0ba902b7-01")]
    [InlineData("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")]
    [InlineData("00-00000000000000000000000000000000-00f067aa0ba902b7-01")]
    [InlineData("00-" + Trace + "-0000000000000000-01")]
    [InlineData("00-" + Trace + "-00f067aa0ba902b7-0g")]
    [InlineData("00-" + Trace + "-00f067aa0ba902b7-01-x")]
    [InlineData("00-" + Trace + "_00f067aa0ba902b7-01")]
    [InlineData("<script>")]
    [Control("LOG-6")]
    public void Begins_a_trace_when_the_client_s_is_not_valid(string given)
    {
        var exchange = Take(("traceparent", given), ("tracestate", "a=b"));
        Assert.Matches("^[0-9a-f]{32}$", exchange.TraceId);
        Assert.NotEqual(Trace, exchange.TraceId);
        Assert.Matches($"^00-{exchange.TraceId}-[0-9a-f]{{16}}-00$", exchange.RequestHeaders.TraceParent.ToString());
        Assert.False(exchange.RequestHeaders.ContainsKey("tracestate"));
    }

    [Fact]
    public void Begins_a_trace_when_there_are_two() => Assert.NotEqual(Trace, Take(("traceparent", Parent), ("traceparent", Parent)).TraceId);

    [Fact]
    public void Drops_a_state_that_is_too_long() =>
        Assert.False(Take(("traceparent", Parent), ("tracestate", new string('a', 600))).RequestHeaders.ContainsKey("tracestate"));

    [Fact]
    public void Gives_refused_exchanges_a_trace_too() => Assert.Equal(Trace, Take("/a/../b", ("traceparent", Parent)).TraceId);

    [Fact]
    [Control("LOG-6")]
    public void Tells_the_backend_its_own_request_id()
    {
        var exchange = Take(("X-Request-Id", "chosen by the client"));
        Assert.Equal(exchange.RequestId, exchange.RequestHeaders["X-Request-Id"]);
    }

    private Exchange Take(params (string Name, string Value)[] headers) => Take("/", headers);

    private Exchange Take(string target, params (string Name, string Value)[] headers)
    {
        var exchange = _harness.Exchange("GET", target, "127.0.0.1", null, null, headers);
        PolicyHarness.Decide(new IntakeKind().Compile(exchange.Listener, _harness.Context), exchange);
        return exchange;
    }
}
