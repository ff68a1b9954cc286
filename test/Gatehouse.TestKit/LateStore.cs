using Gatehouse.Ledger;

namespace Gatehouse.TestKit;

/// <summary>Where one quota is kept; it answers when the test says so.</summary>
internal sealed class LateStore : IQuotaStore
{
    private readonly Queue<(LedgerQuestion Question, Action<Grant?> Answered)> _asked = [];

    public string Name { get; set; } = "";

    public int Waiting => _asked.Count;

    public long Returned { get; private set; }

    public bool IsFailing => false;

    public void Ask(LedgerQuestion question, Action<Grant?> answered) => _asked.Enqueue((question, answered));

    public void Return(LedgerQuestion question) => Returned += question.Want;

    public void Answer(long granted, long spent)
    {
        var (question, answered) = _asked.Dequeue();
        answered(new Grant(question.Period, spent, granted) { Life = 1, Turn = 1 });
    }

    public void AnswerNothing() => _asked.Dequeue().Answered(null);
}
