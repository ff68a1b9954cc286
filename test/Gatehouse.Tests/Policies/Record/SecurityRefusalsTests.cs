using Gatehouse.Pipeline;
using Gatehouse.Policies.Record;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Record;

/// <summary>Which refusals are security events: somebody has decided about every one.</summary>
public sealed class SecurityRefusalsTests
{
    /// <summary>Refusals of which the access log and the metrics say enough.</summary>
    private static readonly HashSet<string> Ordinary =
    [
        "not-found", "method-not-allowed", "gone", "upstream-failed", "upstream-unavailable", "circuit-open", "upstream-busy", "overloaded",
        "quota-unavailable", "upstream-timeout", "deadline-exceeded",
    ];

    private readonly PolicyHarness _harness = new();

    [Fact]
    [Control("LOG-5", "which refusals are recorded as what")]
    public void Every_refusal_is_one_or_is_none()
    {
        foreach (var problem in Problems.All)
            Assert.Equal((problem.Name, !Ordinary.Contains(problem.Name)), (problem.Name, TypeOf(problem) is not null));
        Assert.All(Ordinary, name => Assert.Contains(Problems.All, p => p.Name == name));
    }

    [Fact]
    public void An_address_that_is_refused_is_one_although_nothing_is_there_for_it()
    {
        Assert.Null(TypeOf(Problems.NotFound, "route"));
        Assert.Equal("address", TypeOf(Problems.NotFound, "addresses"));
        Assert.Equal("address", TypeOf(Problems.Forbidden, "addresses"));
    }

    [Fact]
    public void A_refusal_of_a_hosts_own_policy_is_one() => Assert.Equal("own-policy", TypeOf(Problem.Custom("closed", 403, "It is closed.")));

    [Fact]
    public void A_service_whose_certificate_is_not_good_is_one()
    {
        var failure = new HttpRequestException(HttpRequestError.SecureConnectionError);
        Assert.Equal("service-tls", TypeOf(Problems.UpstreamFailed, "forward", failure));
    }

    private string? TypeOf(Problem problem, string? decidedBy = null, Exception? failure = null)
    {
        var exchange = _harness.Exchange();
        (exchange.Problem, exchange.DecidedBy, exchange.Failure) = (problem, decidedBy, failure);
        return SecurityRefusals.Of(exchange)?.Single().Value;
    }
}
