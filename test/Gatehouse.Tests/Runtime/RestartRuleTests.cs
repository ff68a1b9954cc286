using Gatehouse.Runtime;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Runtime;

/// <summary>What needs other sockets needs a restart; everything else is live.</summary>
public sealed class RestartRuleTests
{
    private static readonly FakeTimeProvider Clock = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1:8090", "the listener 'edge' moves from 127.0.0.1:8080 to 127.0.0.1:8090")]
    [InlineData("inside:", "within:", "the listener 'inside' is gone")]
    [InlineData("inside:", "within:", "the listener 'within' is new")]
    [InlineData("hosts:", "protocols: [http2], hosts:", "the listener 'edge' speaks other protocols")]
    [InlineData("127.0.0.1:9900", "127.0.0.1:9901", "the administration listener moves from 127.0.0.1:9900 to 127.0.0.1:9901")]
    [InlineData("log:", "health: { address: \"127.0.0.1:9902\" }\nlog:", "the health listener moves from nowhere to 127.0.0.1:9902")]
    [InlineData("name: front-door", "name: back-door", "the gateway's name changes from 'front-door' to 'back-door'")]
    [InlineData("environment: test", "environment: trial", "the gateway's environment changes from 'test' to 'trial'")]
    [InlineData("access.log", "other.log", "the access log goes elsewhere")]
    [InlineData("log:", "telemetry: { otlp: { endpoint: \"https://c.example\", send: [logs] } }\nlog:", "what is told goes to another collector")]
    public void Needs_a_restart(string was, string isNow, string because) =>
        Assert.Contains(Check(was, isNow), message => message.StartsWith(because, StringComparison.Ordinal));

    [Theory]
    [InlineData("", "")]
    [InlineData("owner: platform@retailer.example", "owner: gateways@retailer.example")]
    [InlineData("hosts:", "networks: [127.0.0.0/8], hosts:")]
    [InlineData("hosts:", "addresses: { deny: [127.0.0.9] }, hosts:")]
    [InlineData("hosts:", "intake: { connections: 5 }, hosts:")]
    [InlineData("hosts:", "intake: { connectionsPerAddress: 5 }, hosts:")]
    [InlineData("hosts:", "intake: { streamsPerAddress: 5 }, hosts:")]
    [InlineData("hosts:", "throttle: { failures: 5 }, hosts:")]
    [InlineData("serves: [internal]", "serves: [public]")]
    [InlineData("log:", "drain: { announce: 1s }\nlog:")]
    [InlineData("log:", "telemetry: { httpMetrics: false, security: { failures: 3 } }\nlog:")]
    [InlineData("http://127.0.0.1:5101", "http://127.0.0.1:5102")]
    [InlineData("get-stock", "read-stock")]
    public void Is_live(string was, string isNow) => Assert.Empty(Check(was, isNow));

    private static IEnumerable<string> Check(string was, string isNow)
    {
        var next = SmallLoad.With(Clock, was, isNow);
        Assert.True(next.Definition is not null, string.Join('\n', next.Findings));
        return RestartRule.Check(SmallLoad.With(Clock).Definition!, next.Definition).InOrder().Select(f => f.Message);
    }
}
