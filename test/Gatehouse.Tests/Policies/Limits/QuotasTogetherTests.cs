using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Limits;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Policies.Limits;

/// <summary>Several quotas of one route that a store counts: they are asked together, so that a call waits for one round trip.</summary>
public sealed class QuotasTogetherTests
{
    private readonly PolicyHarness _harness = new();
    private readonly LateStore[] _stores = [new(), new(), new()];

    [Fact]
    [Control("RTE-6", "several quotas in one round trip")]
    public async Task All_are_asked_before_any_has_answered()
    {
        var (deciding, exchange) = Begin(Policy());
        Assert.Equal([1, 1, 1], _stores.Select(s => s.Waiting));
        Assert.False(deciding.IsCompleted);
        foreach (var store in _stores.Reverse()) store.Answer(granted: 1, spent: 5);
        Assert.Equal(VerdictKind.Continue, (await deciding).Kind);
        Assert.Equal(("third", 2L), (exchange.TightestLimit!.Value.Name, exchange.TightestLimit!.Value.Remaining));
    }

    [Theory]
    [Control("RTE-1", "several quotas in one round trip")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_one_refuses_costs_nothing_in_the_others(int refusing)
    {
        var (deciding, exchange) = Begin(Policy());
        for (var i = 0; i < _stores.Length; i++)
        {
            if (i == refusing) _stores[i].Answer(granted: 0, spent: 9 - i);
            else _stores[i].Answer(granted: 1, spent: 5);
        }

        var verdict = await deciding;
        Assert.Same(Problems.QuotaExceeded, verdict.Problem);
        Assert.Equal(_stores[refusing].Name, exchange.TightestLimit!.Value.Name);
        Assert.Equal(_stores.Select((_, i) => i == refusing ? 0L : -1L), _stores.Select(s => s.Returned));
    }

    [Fact]
    [Control("RTE-6", "several quotas, one of them unknown")]
    public async Task What_one_store_does_not_say_is_refused_and_costs_nothing_in_the_others()
    {
        var (deciding, _) = Begin(Policy());
        _stores[0].Answer(granted: 1, spent: 5);
        _stores[1].AnswerNothing();
        _stores[2].Answer(granted: 1, spent: 5);
        Assert.Same(Problems.QuotaUnavailable, (await deciding).Problem);
        Assert.Equal([-1L, 0L, -1L], _stores.Select(s => s.Returned));
    }

    private MixedLimitsPolicy Policy()
    {
        string[] names = ["first", "second", "third"];
        return new MixedLimitsPolicy([.. names.Select(Allowance)], "", _harness.Clock);

        Allowance Allowance(string name, int i)
        {
            _stores[i].Name = name;
            var limit = new Limit(name, Per.Consumer, 9 - i, TimeSpan.FromDays(1)) { Form = LimitForm.Day, Shared = Sharing.Exact };
            var book = new QuotaBook(_stores[i], name, LimitForm.Day, _harness.Clock) { Sharing = Sharing.Exact, Instances = 2 };
            var cells = new CellTable(new CellBudget(), _harness.Clock, CellTable.Most, key => new QuotaCell(book, key), LimitsKind.LargePlaces);
            return new QuotaAllowance(limit, 1, cells);
        }
    }

    private (Task<Verdict> Deciding, Exchange Exchange) Begin(MixedLimitsPolicy policy)
    {
        var exchange = _harness.Exchange(peer: "192.0.2.1", route: _harness.Route());
        exchange.Caller = PolicyHarness.Caller(new Consumer
        {
            Id = new ConsumerId("shop"),
            Kind = ConsumerKind.Application,
            Owner = "o",
            Grants = new HashSet<Scope>(),
            Authenticate = [],
        });
        return (policy.OnRequestAsync(exchange).AsTask(), exchange);
    }
}
