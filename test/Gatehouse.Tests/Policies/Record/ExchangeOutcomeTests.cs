using Gatehouse.Audit;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Record;
using Gatehouse.Routes;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Record;

/// <summary>How an exchange has ended, in the words of the trail.</summary>
public sealed class ExchangeOutcomeTests
{
    private readonly PolicyHarness _harness = new();

    [Theory]
    [InlineData("forbidden", false, 0, 403, "refused")]
    [InlineData("record-unavailable", true, 0, 503, "failed-before")]
    [InlineData("circuit-open", true, 0, 503, "failed-before")]
    [InlineData("upstream-failed", true, 0, 502, "failed-before")]
    [InlineData(null, true, 0, 499, "failed-before")] // the client left before anything was sent
    [InlineData(null, false, 0, 200, "done")] // the gateway has answered itself
    public void Of_what_reached_nobody(string? problem, bool wasLetThrough, int answer, int status, string outcome)
    {
        Assert.Equal(outcome, Of(problem, arrived: false, answer, status, changes: true, wasLetThrough));
        Assert.Equal(outcome, Of(problem, arrived: false, answer, status, changes: false, wasLetThrough));
    }

    [Theory]
    [InlineData(null, 200, 200, "done", "done")]
    [InlineData(null, 404, 404, "done", "done")]
    [InlineData(null, 101, 101, "done", "done")]
    [InlineData(null, 500, 500, "failed-after", "failed-after")]
    [InlineData("upstream-failed", 200, 502, "failed-after", "failed-after")] // its answer was not passed on
    [InlineData("upstream-timeout", 0, 504, "unknown", "failed-after")]
    [InlineData("deadline-exceeded", 0, 504, "unknown", "failed-after")]
    [InlineData(null, 0, 499, "unknown", "failed-after")]
    public void Of_what_may_have_reached_a_service(string? problem, int answer, int status, string ofAChange, string ofARead)
    {
        Assert.Equal(ofAChange, Of(problem, arrived: true, answer, status, changes: true, wasLetThrough: true));
        Assert.Equal(ofARead, Of(problem, arrived: true, answer, status, changes: false, wasLetThrough: true));
    }

    /// <summary>Who was let through was not refused, whatever ended the call then.</summary>
    [Theory]
    [InlineData("forbidden", false, false, 0, "refused")]
    [InlineData("upstream-failed", true, false, 0, "allowed")]
    [InlineData("upstream-timeout", true, true, 0, "allowed")]
    [InlineData("upstream-failed", true, true, 200, "allowed")]
    [InlineData(null, true, true, 500, "allowed")]
    [InlineData(null, false, false, 0, "allowed")]
    public void A_decision_is_not_how_it_ended(string? problem, bool wasLetThrough, bool arrived, int answer, string decision)
    {
        var exchange = _harness.Exchange(route: _harness.Route(effect: Effect.Write));
        exchange.Problem = problem is null ? null : Problems.All.Single(p => p.Name == problem);
        (exchange.Forward.MayHaveArrived, exchange.Forward.Status) = (arrived, answer);
        var key = new InvestigationKey(new byte[32]);
        var records = new ExchangeRecords(exchange.Route, key, _harness.Clock);
        Assert.Equal(decision, AuditWords.Of(records.Whole(exchange, wasLetThrough).Decision));
        if (wasLetThrough) Assert.Equal(decision, AuditWords.Of(records.Outcome(exchange).Decision));
    }

    private string Of(string? problem, bool arrived, int answer, int status, bool changes, bool wasLetThrough)
    {
        var exchange = _harness.Exchange();
        exchange.Problem = problem is null ? null : Problems.All.Single(p => p.Name == problem);
        exchange.Status = status;
        exchange.Forward.MayHaveArrived = arrived;
        exchange.Forward.Status = answer;
        return AuditWords.Of(ExchangeOutcome.Of(exchange, changes, wasLetThrough));
    }
}
