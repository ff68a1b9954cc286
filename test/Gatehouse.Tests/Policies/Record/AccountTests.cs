using System.Text;
using Gatehouse.Audit;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Record;
using Gatehouse.Routes;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Record;

/// <summary>Which routes account for their exchanges, and what is done when that is not possible.</summary>
public sealed class AccountTests : IDisposable
{
    private readonly PolicyHarness _harness = new() { Subjects = new InvestigationKey(Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef")) };
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("read", "none", "public", false, null)]
    [InlineData("read", "none", "administrative", false, null)]
    [InlineData("write", "none", "public", false, typeof(IntentPolicy))]
    [InlineData("action", "none", "internal", false, typeof(IntentPolicy))]
    [InlineData("read", "ordinary", "public", false, typeof(PlacePolicy))]
    [InlineData("read", "special", "public", false, typeof(PlacePolicy))]
    [InlineData("read", "none", "partner", false, typeof(PlacePolicy))]
    [InlineData("read", "none", "public", true, typeof(PlacePolicy))]
    public void A_route_accounts_for_what_it_is(string effect, string personalData, string exposure, bool always, Type? policy)
    {
        var route = _harness.Route(
            effect: Enum.Parse<Effect>(effect, true), personalData: Enum.Parse<PersonalData>(personalData, true),
            exposure: Enum.Parse<Exposure>(exposure, true), audit: new RouteAudit(always, [], []));
        Assert.Equal(policy, new IntentKind().Compile(route, _harness.Context)?.GetType());
        Assert.Equal(policy is not null, new AccountKind().Compile(route, _harness.Context) is not null);
    }

    [Fact]
    public void Without_a_trail_nothing_stands_in_anybodys_way()
    {
        _harness.Subjects = null;
        var route = _harness.Route(effect: Effect.Write, personalData: PersonalData.Special);
        Assert.Null(new AccountKind().Compile(route, _harness.Context));
        Assert.Null(new IntentKind().Compile(route, _harness.Context));
    }

    [Fact]
    [Control("AUD-7", "reads are kept up to a bound")]
    public async Task What_is_read_is_kept_up_to_a_bound_and_then_refused()
    {
        var options = new AuditTrailOptions { Gateway = "test", Instance = "test", QueueBytes = 16 * 1024 };
        using var trail = Open("missing/trail.db", options);
        Assert.False(await trail.Begun);
        _harness.Trail = trail;
        var route = _harness.Route(personalData: PersonalData.Ordinary);
        var (place, account) = (new IntentKind().Compile(route, _harness.Context)!, new AccountKind().Compile(route, _harness.Context)!);

        var served = 0;
        for (Exchange exchange; ; served++)
        {
            exchange = _harness.Exchange(route: route);
            var verdict = PolicyHarness.Decide(place, exchange);
            if (verdict.Kind == VerdictKind.Reject)
            {
                Assert.Same(Problems.RecordUnavailable, verdict.Problem);
                break;
            }

            exchange.Status = 200;
            account.OnFinished(exchange);
            Assert.True(served < 1000, "there is a bound");
        }

        Assert.True(served > 4, "some are kept");
        var late = _harness.Exchange(route: _harness.Route(effect: Effect.Write));
        var change = await new IntentKind().Compile(late.Route!, _harness.Context)!.OnRequestAsync(late);
        Assert.Same(Problems.RecordUnavailable, change.Problem); // from the first on
    }

    [Fact]
    public void A_place_is_given_back_however_an_exchange_ends()
    {
        var options = new AuditTrailOptions { Gateway = "test", Instance = "test", QueueBytes = 64 * 1024 };
        using var trail = Open("trail.db", options);
        _harness.Trail = trail;
        var route = _harness.Route(personalData: PersonalData.Ordinary);
        var (place, account) = (new IntentKind().Compile(route, _harness.Context)!, new AccountKind().Compile(route, _harness.Context)!);
        for (var i = 0; i < 20; i++)
        {
            var exchange = _harness.Exchange(route: route);
            Assert.Equal(VerdictKind.Continue, PolicyHarness.Decide(place, exchange).Kind);
            exchange.Problem = i % 2 == 0 ? Problems.UpstreamFailed : null;
            account.OnFinished(exchange);
            Assert.Equal(Accounting.Settled, exchange.Accounting);
        }

        Assert.True(AccountKind.BookOf(_harness.Context).TryReserve());
    }

    private AuditTrail Open(string file, AuditTrailOptions options)
    {
        var events = new EventWriter(_harness.Told, _harness.Clock);
        return new AuditTrail(new SqliteAuditStore(_folder.Of(file)), options, events, _harness.Clock, new AuditTally());
    }
}
