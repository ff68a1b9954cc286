using Gatehouse.Pipeline;
using Gatehouse.Policies.Intake;
using Gatehouse.Routes;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Intake;

/// <summary>What one connection asks for again is not looked up again, and nothing else follows from that.</summary>
public sealed class KnownHostTests
{
    private readonly PolicyHarness _harness = new() { Connection = new ConnectionMemory() };
    private readonly Listener _listener = PolicyHarness.Listener(hosts: ["api.example.test"]);

    [Fact]
    [Control("EXP-8", "a host beside one that the connection was served before")]
    public void A_connection_that_was_served_a_host_is_served_no_other()
    {
        var policy = Compile(_listener);

        foreach (var (host, problem) in ((string, string?)[])
        [
            ("API.example.test", null), ("API.example.test", null), ("api.example.test:80", null),
            ("other.example.test", "misdirected"), ("api.example.test", null),
        ])
        {
            var exchange = Exchange(host, _listener);
            Assert.Equal(problem, PolicyHarness.Decide(policy, exchange).Problem?.Name);
            Assert.Equal(problem is null ? "api.example.test" : "localhost", exchange.Host);
        }
    }

    [Fact]
    [Control("EXP-8", "a host that is served no more")]
    public void What_one_declaration_served_the_next_one_looks_up_again()
    {
        Assert.Null(PolicyHarness.Decide(Compile(_listener), Exchange("api.example.test", _listener)).Problem);
        var next = PolicyHarness.Listener(hosts: ["other.example.test"]);

        Assert.Same(Problems.Misdirected, PolicyHarness.Decide(Compile(next), Exchange("api.example.test", next)).Problem);
    }

    [Fact]
    [Control("SMG-7", "a target that names another host than the connection asked for before")]
    public void A_target_has_to_agree_with_it_all_the_same()
    {
        var policy = Compile(_listener);
        Assert.Null(PolicyHarness.Decide(policy, Exchange("api.example.test", _listener)).Problem);

        Assert.Null(PolicyHarness.Decide(policy, Exchange("api.example.test", _listener, "http://api.example.test/a")).Problem);
        Assert.Same(
            Problems.MalformedRequest, PolicyHarness.Decide(policy, Exchange("api.example.test", _listener, "http://other.example.test/a")).Problem);
    }

    private Policy Compile(Listener listener) => new IntakeKind().Compile(listener, _harness.Context);

    private Exchange Exchange(string host, Listener listener, string target = "/a") =>
        _harness.Exchange("GET", target, "127.0.0.1", listener, null, ("Host", host));
}
