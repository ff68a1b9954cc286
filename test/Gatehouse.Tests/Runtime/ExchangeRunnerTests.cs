using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Cors;
using Gatehouse.Policies.Record;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Gatehouse.Tests.Routes;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Tests.Runtime;

/// <summary>However an exchange ends, it is recorded once, and as what it was.</summary>
public sealed class ExchangeRunnerTests
{
    private readonly PolicyHarness _harness = new();
    private readonly Tally _faults = new();

    private string? Record => _harness.AccessLog.Records.Select(r => $"{r["status"]} {r["problem"]} {r["decidedBy"]}: {r["reason"]}").Single();

    [Theory]
    [InlineData("GET", "/nothing", "404 not-found route: no route")]
    [InlineData("POST", "/orders/17", "405 method-not-allowed route: no route for this method")]
    [InlineData("GET", "/choice?by=1&by=1", "404 not-found route: a condition of the route occurs more than once")]
    [InlineData("GET", "/orders/17", "503 upstream-unavailable forward: the upstream has no destination")]
    public async Task A_refusal_is_recorded_with_its_reason(string method, string target, string record)
    {
        await RunAsync(_harness.Exchange(method, target));
        Assert.Equal(record, Record);
    }

    [Theory]
    [InlineData("POST /half", "405 method-not-allowed hiding: not for you")]
    [InlineData("POST /other", "404 not-found hiding: not for you")]
    [InlineData("OPTIONS /half", "503 upstream-unavailable forward: the upstream has no destination")] // a preflight is an OPTIONS as any other then
    [Control("ERR-4", "preflights for a route that is hidden from the client")]
    public async Task A_preflight_for_a_hidden_route_ends_as_it_would_without_it(string beside, string record)
    {
        var exchange = _harness.Exchange("OPTIONS", "/half");
        exchange.RequestHeaders.Origin = "https://shop.example";
        exchange.RequestHeaders.AccessControlRequestMethod = "GET";
        var cors = new CorsPolicy(new CorsSpec(["https://shop.example"], [], [], [], false, null, new Place("test.yaml", 1, 1)), "GET");
        var hidden = new CompiledRoute(RouteText.Route("GET /half"), [new Hiding(), cors], Nowhere());
        await ExchangeRunner.RunAsync(exchange, Listener([hidden, new CompiledRoute(RouteText.Route(beside), [], Nowhere())], []));
        Assert.Equal(record, Record);
    }

    [Theory]
    [InlineData(typeof(OperationCanceledException), true, "499  : client left")]
    [InlineData(typeof(IOException), true, "499  : client left")]
    [InlineData(typeof(ConnectionResetException), false, "499  : client left")]
    [InlineData(typeof(OperationCanceledException), false, "500 internal-error probe: a policy threw")]
    [InlineData(typeof(InvalidOperationException), true, "500 internal-error probe: a policy threw")]
    public async Task A_client_that_left_is_no_fault_of_the_gateway(Type thrown, bool left, string record)
    {
        var exchange = _harness.Exchange();
        exchange.Http.RequestAborted = new CancellationToken(canceled: left);
        await RunAsync(exchange, new Probe(_ => throw (Exception)Activator.CreateInstance(thrown, "gone")!));
        Assert.Equal(record, Record);
    }

    [Fact]
    public async Task An_answer_of_a_policy_is_shown_to_the_others_and_recorded()
    {
        var shown = 0;
        var exchange = _harness.Exchange();
        await RunAsync(exchange, new Probe(_ => Verdict.Continue, _ => shown++), new Probe(e =>
        {
            e.Http.Response.StatusCode = StatusCodes.Status204NoContent;
            return Verdict.Answered;
        }));
        Assert.Equal(("204  probe: ", 1), (Record, shown));
        Assert.Equal(exchange.RequestId, exchange.ResponseHeaders["X-Request-Id"]);
    }

    [Fact]
    public async Task An_answer_of_a_policy_is_not_sent_when_another_cannot_look_at_it()
    {
        await RunAsync(
            _harness.Exchange(), new Probe(_ => Verdict.Continue, _ => throw new InvalidOperationException()), new Probe(_ => Verdict.Answered));
        Assert.Equal("500 internal-error probe: the gateway threw", Record);
    }

    [Fact]
    public async Task A_policy_that_throws_at_the_end_is_counted_and_takes_no_record_away()
    {
        await RunAsync(_harness.Exchange(), new Probe(_ => Verdict.Continue, finished: _ => throw new InvalidOperationException()));
        Assert.Equal(1, _faults.Value);
        Assert.NotNull(Record);
    }

    [Fact]
    public void What_the_parser_refused_is_recorded()
    {
        var exchange = _harness.Exchange();
        exchange.Status = StatusCodes.Status400BadRequest;
        ExchangeRunner.RecordOnly(exchange, Listener(), Problems.MalformedRequest, "not HTTP");
        Assert.Equal("400 malformed-request parser: not HTTP", Record);
    }

    private Task RunAsync(Exchange exchange, params Policy[] policies) => ExchangeRunner.RunAsync(exchange, Listener(policies));

    private CompiledListener Listener(params Policy[] policies)
    {
        var client = Nowhere();
        var routes = new[] { "GET /orders/{id}", "GET /choice ?by=1" }.Select(r => new CompiledRoute(RouteText.Route(r), [], client));
        return Listener([.. routes], policies);
    }

    private CompiledListener Listener(CompiledRoute[] routes, Policy[] policies)
    {
        var listener = PolicyHarness.Listener();
        var record = new RecordKind().Compile(listener, _harness.Context);
        return new CompiledListener(listener, [record, .. policies], RouteTable.Compile(routes)) { FaultsAtEnd = _faults };
    }

    private UpstreamClient Nowhere()
    {
        var nowhere = new Upstream
        {
            Name = "orders",
            Destinations = [],
            Timeouts = new UpstreamTimeouts(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)),
            Balance = Balance.RoundRobin,
            Protocol = UpstreamProtocol.Http1,
            Authorities = null,
            Place = new Place("test.yaml", 1, 1),
        };
        return UpstreamClient.For(nowhere, _harness.State, _harness.Clock);
    }

    private sealed class Hiding : Policy
    {
        public override string Name => "hiding";

        public override ValueTask<Verdict> OnRequestAsync(Exchange exchange) => new(Verdict.Reject(Problems.NotFound, "not for you"));

        internal override bool Hides(Exchange exchange) => true;
    }

    private sealed class Probe(Func<Exchange, Verdict> decide, Action<Exchange>? shown = null, Action<Exchange>? finished = null) : Policy
    {
        public override string Name => "probe";

        public override ValueTask<Verdict> OnRequestAsync(Exchange exchange) => new(decide(exchange));

        public override void OnResponse(Exchange exchange)
        {
            if (exchange.Problem is null) shown?.Invoke(exchange);
        }

        public override void OnFinished(Exchange exchange) => finished?.Invoke(exchange);
    }
}
