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

    [Theory]
    [InlineData(ForwarderError.ResponseBodyClient, "the client took nothing for longer than the idle timeout")]
    [InlineData(ForwarderError.ResponseBodyCanceled, "client left")]
    public void A_client_that_takes_nothing_has_not_left(ForwarderError error, string reason)
    {
        var harness = new PolicyHarness();
        var exchange = harness.Exchange();
        exchange.Http.RequestAborted = new CancellationToken(canceled: true); // by YARP
        using var timer = new ForwardTimer(harness.Clock);
        var call = new ForwardCall(exchange, timer, harness.Clock, Answers.Inside());

        var verdict = ForwardOutcome.Of(exchange, call, timer.Expired, error, new OperationCanceledException());

        Assert.Equal((null, reason), (verdict.Problem, exchange.Reason));
    }

    [Fact]
    public void A_body_that_was_kept_and_cannot_be_read_is_not_the_clients_fault()
    {
        var harness = new PolicyHarness();
        var exchange = harness.Exchange();
        exchange.WholeBody = new MemoryStream();
        using var timer = new ForwardTimer(harness.Clock);
        var call = new ForwardCall(exchange, timer, harness.Clock, Answers.Inside());

        var verdict = ForwardOutcome.Of(exchange, call, timer.Expired, ForwarderError.RequestBodyClient, new IOException("the disk"));

        Assert.Same(Problems.InternalError, verdict.Problem);
    }

    [Fact]
    public void A_client_whose_connection_was_cut_has_not_left_by_itself()
    {
        var harness = new PolicyHarness { Connection = new ConnectionMemory { Fault = "reads too slowly" } };
        var exchange = harness.Exchange();
        ClientLeft.End(exchange);
        Assert.Equal((499, "reads too slowly"), (exchange.Status, exchange.Reason));
    }
}
