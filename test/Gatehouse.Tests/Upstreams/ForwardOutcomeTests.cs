using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Yarp.ReverseProxy.Forwarder;

namespace Gatehouse.Tests.Upstreams;

public sealed class ForwardOutcomeTests
{
    [Theory]
    [InlineData(ForwarderError.ResponseBodyDestination, "upstream-failed", "the response broke off")] // YARP aborts the client's request itself
    [InlineData(ForwarderError.ResponseBodyCanceled, null, "client left")]
    [InlineData(ForwarderError.ResponseBodyClient, null, "client left")]
    [InlineData(ForwarderError.RequestCanceled, null, "client left")]
    public void An_aborted_request_is_the_clients_doing_unless_the_service_broke_off(ForwarderError error, string? problem, string reason)
    {
        var harness = new PolicyHarness();
        var exchange = harness.Exchange();
        exchange.Http.RequestAborted = new CancellationToken(canceled: true);
        using var timer = new ForwardTimer(harness.Clock);
        var call = new ForwardCall(exchange, timer, harness.Clock, Answers.Inside());

        var verdict = ForwardOutcome.Of(exchange, call, timer.Expired, error, new IOException("broken"));

        Assert.Equal((problem, reason), (verdict.Problem?.Name, verdict.Reason ?? exchange.Reason));
    }
}
