using Gatehouse.Ledger;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Limits;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Policies.Limits;

/// <summary>A cell whose ledger answers before anybody has turned round: so quick is a store when the asking thread is held up.</summary>
public sealed class QuotaCellTests
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
    private readonly QuickStore _store = new();

    [Theory]
    [Control("RTE-1", "a quota whose store answers at once")]
    [InlineData(nameof(Sharing.Exact))]
    [InlineData(nameof(Sharing.Leased))]
    [InlineData(nameof(Sharing.Local))]
    public async Task Charges_a_call_also_when_the_answer_comes_at_once(string sharing)
    {
        var cell = Cell(sharing);
        for (var i = 0; i < 3; i++) Assert.Equal(Outcome.Charged, (await cell.SettleAsync(1, 3)!).Outcome);
        Assert.Equal(Outcome.Refused, (await cell.SettleAsync(1, 3)!).Outcome);
        Assert.Equal(3, _store.Spent);
    }

    [Fact]
    public async Task Says_that_nobody_knows_also_when_that_comes_at_once()
    {
        _store.IsSilent = true;
        Assert.Equal(Outcome.Unavailable, (await Cell(nameof(Sharing.Exact)).SettleAsync(1, 3)!).Outcome);
    }

    private QuotaCell Cell(string sharing)
    {
        var book = new QuotaBook(_store, "quota", LimitForm.Day, _clock) { Sharing = Enum.Parse<Sharing>(sharing), Instances = 1 };
        return new QuotaCell(book, new PartitionKey(null, 1, PartitionKind.IPv4));
    }

    private sealed class QuickStore : IQuotaStore
    {
        public long Spent { get; private set; }

        public bool IsSilent { get; set; }

        public bool IsFailing => false;

        public void Ask(LedgerQuestion question, Action<Grant?> answered)
        {
            var granted = Math.Min(question.Want, question.Allow - Spent);
            if (!IsSilent) Spent += granted;
            answered(IsSilent ? null : new Grant(question.Period, Spent, granted) { Life = 1, Turn = 1 });
        }

        public void Return(LedgerQuestion question) => Spent += question.Want;
    }
}
