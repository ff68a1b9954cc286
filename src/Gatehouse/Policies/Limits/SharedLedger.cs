using System.Text;
using Gatehouse.Ledger;
using Gatehouse.Stores;

namespace Gatehouse.Policies.Limits;

/// <summary>
/// Keeps what is spent of one quota in the store that instances share. When the store was lost, or turns out to have lost what it knew, it is told
/// what this instance knows, beside the calls. An instance with a file remembers there what the store said, each second: so a store that has lost
/// what it knew while no instance ran is told as well.
/// </summary>
/// <param name="memory">The file; null for none.</param>
/// <param name="most">How many counts this instance makes in one period, at most; further callers share one.</param>
internal sealed class SharedLedger : IQuotaStore, IDisposable
{
    public const int MostCounts = 1_000_000;

    private const int MostAtOnce = 32;

    /// <summary>How long a count outlives its period: clocks of instances may differ.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(1);

    private static readonly TimeSpan LastReturns = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RememberEvery = TimeSpan.FromSeconds(1);

    private readonly SharedStore _store;
    private readonly TimeProvider _clock;
    private readonly int _most;
    private readonly QuotaLedger? _memory;
    private readonly ITimer? _remembering;
    private readonly Lock _gate = new();
    private Dictionary<string, (LedgerQuestion Question, Grant Grant)> _heard = new(StringComparer.Ordinal);
    private TaskCompletionSource? _idle;
    private int _underWay;
    private long _toldAt = long.MinValue;
    private long _period;
    private int _made;
    private int _calls;

    public SharedLedger(SharedStore store, TimeProvider clock, QuotaLedger? memory = null, int most = MostCounts)
    {
        (_store, _clock, _memory, _most) = (store, clock, memory, most);
        store.Found += Tell;
        if (memory is not null)
            _remembering = clock.CreateTimer(static ledger => ((SharedLedger)ledger!).Remember(), this, RememberEvery, RememberEvery);
    }

    /// <summary>The cells of the quota: what this instance knows.</summary>
    public CellTable? Cells { get; set; }

    public bool IsFailing => !_store.IsFine;

    public void Ask(LedgerQuestion question, Action<Grant?> answered) => _ = AskAsync(question, answered);

    public void Return(LedgerQuestion question) => _ = ReturnAsync(question);

    /// <summary>
    /// Waits for at most a second until what was asked is answered and what was given back has arrived: what does not counts as spent.
    /// </summary>
    public void Dispose()
    {
        _store.Found -= Tell;
        _remembering?.Dispose();
        lock (_gate)
            if (_underWay > 0) _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _idle?.Task.Wait(LastReturns);
        Remember();
    }

    private async Task ReturnAsync(LedgerQuestion question)
    {
        Begin();
        if (await _store.AskAsync([AskOf(question, question.Who)], 1) is [{ Life: > 0 } state]) GrantOf(question, state);
        End();
    }

    private async Task AskAsync(LedgerQuestion question, Action<Grant?> answered)
    {
        Begin();
        answered(await GrantAsync(question)); // who has retired meanwhile gives it back, which is under way then
        End();
    }

    private async Task<Grant?> GrantAsync(LedgerQuestion question)
    {
        if (question.Known is null && _memory is not null) question = question with { Known = await RecallAsync(_memory, question) };
        var states = await _store.AskAsync([AskOf(question, question.Who)], 1);
        if (states is [{ Life: 0 }]) states = await _store.AskAsync([AskOf(question, "")], 1); // there is no place for one of its own
        if (states is not [var state]) return null;
        Note(question, state);
        return GrantOf(question, state);
    }

    private void Begin()
    {
        lock (_gate) _underWay++;
    }

    private void End()
    {
        lock (_gate)
            if (--_underWay == 0) _idle?.TrySetResult();
    }

    /// <summary>Counts what was made; and when a count has another life than this instance knew, others will have one too.</summary>
    private void Note(LedgerQuestion question, SpentState state)
    {
        if (question.Known is { Life: > 0 } known)
        {
            if (known.Life == state.Life) return;
            var (now, last) = (_clock.GetTimestamp(), Volatile.Read(ref _toldAt));
            if (last != long.MinValue && now - last < _clock.TimestampFrequency) return;
            if (Interlocked.CompareExchange(ref _toldAt, now, last) == last) Tell();
        }
        else if (state is { Turn: 1, Granted: > 0 })
        {
            lock (_gate)
            {
                if (question.Latest > _period) (_period, _made) = (question.Latest, 0);
                _made++;
            }
        }
    }

    private void Tell()
    {
        if (Interlocked.Increment(ref _calls) == 1) _ = Task.Run(TellAsync);
    }

    /// <summary>Tells the store of every cell that knows something, some at a time; once more when it was called again meanwhile.</summary>
    private async Task TellAsync()
    {
        var cells = new QuotaCell[MostAtOnce];
        var questions = new LedgerQuestion[MostAtOnce];
        int seen;
        do
        {
            seen = Volatile.Read(ref _calls);
            var count = 0;
            foreach (var cell in Cells?.All() ?? [])
            {
                if (!((QuotaCell)cell).TryTell(out questions[count])) continue;
                cells[count++] = (QuotaCell)cell;
                if (count < MostAtOnce) continue;
                await TellAsync(cells, questions, count);
                count = 0;
            }

            if (count > 0) await TellAsync(cells, questions, count);
        }
        while (Interlocked.CompareExchange(ref _calls, 0, seen) != seen);
    }

    private async Task TellAsync(QuotaCell[] cells, LedgerQuestion[] questions, int count)
    {
        var asks = new SpentAsk[count]; // its own each time: one that was given up may still be read
        for (var i = 0; i < count; i++) asks[i] = AskOf(questions[i], questions[i].Who);
        var states = await _store.AskAsync(asks, count);
        for (var i = 0; i < count; i++)
            cells[i].Answered(states is null || states[i].Life == 0 ? null : GrantOf(questions[i], states[i]));
    }

    private SpentAsk AskOf(in LedgerQuestion question, string who)
    {
        var period = PeriodOf(question);
        bool mayMake;
        lock (_gate) mayMake = _made < _most || question.Latest > _period || who.Length == 0;
        var key = _store.Keys.Of($"quota {question.Quota} {period}", 0, Encoding.UTF8.GetBytes(who));
        var life = question.Ends + KeptFor - _clock.GetUtcNow();
        return new SpentAsk(key, question.Want, question.Allow, Math.Max(1000, (long)life.TotalMilliseconds))
        {
            Known = question.Known?.Spent ?? 0,
            Life = question.Known?.Life ?? 0,
            Turn = question.Known?.Turn ?? 0,
            MayMake = mayMake,
        };
    }

    /// <summary>What the asker is told, which is remembered.</summary>
    private Grant GrantOf(in LedgerQuestion question, SpentState state)
    {
        var grant = new Grant(PeriodOf(question), state.Spent, state.Granted) { Life = state.Life, Turn = state.Turn };
        if (_memory is null) return grant;
        lock (_gate)
        {
            // answers may overtake each other
            if (!_heard.TryGetValue(question.Who, out var there) || OrderOf(there.Grant).CompareTo(OrderOf(grant)) <= 0)
                _heard[question.Who] = (question, grant);
        }

        return grant;
    }

    private static (long Period, long Life, long Turn) OrderOf(Grant grant) => (grant.Period, grant.Life, grant.Turn);

    private static Task<Grant?> RecallAsync(QuotaLedger memory, in LedgerQuestion question)
    {
        var recalling = new TaskCompletionSource<Grant?>(TaskCreationOptions.RunContinuationsAsynchronously);
        memory.Recall(question, recalling.SetResult);
        return recalling.Task;
    }

    private void Remember()
    {
        Dictionary<string, (LedgerQuestion Question, Grant Grant)> heard;
        lock (_gate)
        {
            if (_heard.Count == 0) return;
            heard = _heard;
            _heard = new Dictionary<string, (LedgerQuestion, Grant)>(StringComparer.Ordinal);
        }

        _memory?.Remember(heard.Values);
    }

    /// <summary>A period that was begun goes on; each has a count of its own, so that no clock resets one.</summary>
    private static long PeriodOf(in LedgerQuestion question) => question.Known?.Period ?? question.Period;
}
