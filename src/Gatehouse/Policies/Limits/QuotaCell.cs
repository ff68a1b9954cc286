using System.Globalization;
using Gatehouse.Ledger;

namespace Gatehouse.Policies.Limits;

/// <summary>
/// What one caller has left of one quota. It spends only what the ledger has reserved for it, and asks for more before that is used up; what is not
/// spent goes back when the cell is dropped or the gateway stops. So a crash costs what was reserved, and never allows a call too many. Calls that
/// have to wait for the ledger are charged in the order in which they came. Where instances count call by call, nothing is reserved ahead.
/// </summary>
internal sealed class QuotaCell(QuotaBook book, PartitionKey key) : Cell
{
    private readonly Lock _gate = new();
    private Queue<WaitingCall>? _waiting;
    private bool _asks;
    private bool _known;
    private bool _retired;
    private long _period;
    private long _spent; // as the ledger has it: what is reserved here is part of it
    private long _left; // of what is reserved
    private int _allow;
    private long _life; // what a shared ledger said of its count
    private long _turn;
    private long _heardAt;

    /// <summary>Charges a call. False when the cell is <see cref="Cell.Gone"/>.</summary>
    public bool TryCharge(int cost, int allow, out Outcome outcome, out Answer answer)
    {
        (outcome, answer) = (Outcome.Unavailable, default);
        if (book.IsClosed) return true;
        lock (_gate) return TryChargeNow(book.Ledger!, cost, allow, null, out outcome, out answer);
    }

    /// <summary>
    /// The same for a call that waits where nobody knows yet, for two seconds at most. Null when the cell is <see cref="Cell.Gone"/>.
    /// </summary>
    public Task<Settled>? SettleAsync(int cost, int allow)
    {
        if (book.IsClosed) return Task.FromResult(new Settled(Outcome.Unavailable, this, default));
        var call = new WaitingCall(cost, allow);
        lock (_gate)
        {
            if (!TryChargeNow(book.Ledger!, cost, allow, call, out var outcome, out var answer)) return null;
            if (outcome != Outcome.Unknown) return Task.FromResult(new Settled(outcome, this, answer));
        }

        return WaitAsync(call);
    }

    /// <summary>What the quota would say, as far as that is known, without charging anything.</summary>
    public Answer Look(int cost, int allow)
    {
        var now = book.Now();
        lock (_gate)
        {
            Turn(now);
            return _known && Remaining(allow) < cost ? Refusal(allow, now) : new Answer(1, Math.Max(0, Remaining(allow)), 0, 0);
        }
    }

    public void GiveBack(int cost, long period)
    {
        lock (_gate)
        {
            if (!_known || _period != period) return;
            _left += cost;
            ReturnSpare();
        }
    }

    /// <summary>
    /// What a store is to be told that may have lost it; the answer is to be given to the cell. False when it knows nothing, or is asking.
    /// </summary>
    public bool TryTell(out LedgerQuestion question)
    {
        question = default;
        lock (_gate)
        {
            var held = Time;
            if (_retired || _asks || held == Gone) return false;
            Turn(book.Now());
            if (!_known || _spent == 0 || !Replace(held, long.MaxValue)) return false;
            _asks = true;
            question = About(want: 0, allow: 0, book.Now());
            return true;
        }
    }

    /// <summary>Gives back what is not spent.</summary>
    public override void Retire()
    {
        lock (_gate)
        {
            if (_known && _left > 0) Return(_period, _left);
            (_known, _retired, _left) = (false, true, 0);
        }
    }

    /// <param name="call">Waits where nobody knows yet; null for nobody. It does so before anybody is asked, who may answer at once.</param>
    private bool TryChargeNow(IQuotaStore ledger, int cost, int allow, WaitingCall? call, out Outcome outcome, out Answer answer)
    {
        (outcome, answer, _allow) = (Outcome.Unknown, default, allow);
        var held = Time;
        if (held == Gone) return false;
        var now = book.Now();
        Turn(now);
        if (_known && Remaining(allow) < cost)
        {
            (outcome, answer) = (Outcome.Refused, Refusal(allow, now));
            if (book.IsShared && !_asks && !ledger.IsFailing && book.IsOld(_heardAt) && Replace(held, long.MaxValue)) Ask(ledger, 0, allow, now);
            return true;
        }

        var has = _left >= cost && _waiting is not { Count: > 0 };
        var ahead = book.AheadOf(allow);
        var asks = !has && !_asks && !ledger.IsFailing && (call is not null || ahead > 0);
        // while something is asked, the cell has to stay for the answer
        if (!Replace(held, asks || _asks ? long.MaxValue : book.KeptUntil())) return false; // it was swept away just now
        if (!has)
        {
            if (ledger.IsFailing)
            {
                outcome = Outcome.Unavailable;
                return true;
            }

            if (call is not null) (_waiting ??= new Queue<WaitingCall>()).Enqueue(call);
            if (asks) Ask(ledger, cost, allow, now);
            return true;
        }

        _left -= cost;
        if (!_asks && ahead > 0 && _left <= ahead / 2 && _spent < allow && !ledger.IsFailing) Ask(ledger, 0, allow, now);
        (outcome, answer) = (Outcome.Charged, Charged(cost, allow, now));
        return true;
    }

    private async Task<Settled> WaitAsync(WaitingCall call)
    {
        try
        {
            return await call.Settled.Task.WaitAsync(QuotaBook.Patience, book.Clock);
        }
        catch (TimeoutException)
        {
            lock (_gate)
            {
                if (call.Settled.Task.IsCompleted) return call.Settled.Task.Result;
                call.HasLeft = true;
            }

            return new Settled(Outcome.Unavailable, this, default);
        }
    }

    private long Remaining(int allow) => allow - (_spent - _left);

    private Answer Charged(int cost, int allow, DateTimeOffset now)
    {
        var (remaining, whole) = (Math.Max(0, Remaining(allow)), book.Left(_period, now));
        return new Answer(_period, remaining, whole, remaining < cost ? whole : 0);
    }

    private Answer Refusal(int allow, DateTimeOffset now)
    {
        var wait = Math.Max(1, book.Left(_period, now));
        return new Answer(0, Math.Max(0, Remaining(allow)), wait, wait);
    }

    /// <summary>Forgets what is known when it is about another period.</summary>
    private void Turn(DateTimeOffset now)
    {
        if (!_known || _period == QuotaPeriod.At(book.Form, now) || _period == QuotaPeriod.LatestAt(book.Form, now)) return;
        (_known, _left) = (false, 0);
    }

    /// <summary>Asks for what calls need that wait, and for some ahead.</summary>
    private void Ask(IQuotaStore ledger, long need, int allow, DateTimeOffset now)
    {
        _asks = true;
        Replace(Time, long.MaxValue);
        ledger.Ask(About(need + book.AheadOf(allow) - _left, allow, now), Answered);
    }

    private LedgerQuestion About(long want, int allow, DateTimeOffset now)
    {
        var (period, latest) = (QuotaPeriod.At(book.Form, now), QuotaPeriod.LatestAt(book.Form, now));
        return new LedgerQuestion(book.Identity, Who(), period, latest, want, allow)
        {
            Ends = QuotaPeriod.EndOf(book.Form, latest),
            Known = _known ? new Grant(_period, _spent, 0) { Life = _life, Turn = _turn } : null,
        };
    }

    private void Return(long period, long units, Grant? known = null) =>
        book.Ledger?.Return(new LedgerQuestion(book.Identity, Who(), period, period, -units, 0)
        {
            Ends = QuotaPeriod.EndOf(book.Form, period),
            Known = known ?? new Grant(period, _spent, 0) { Life = _life, Turn = _turn },
        });

    /// <summary>Where instances count call by call, what no call has taken is for the others.</summary>
    private void ReturnSpare()
    {
        if (!book.IsShared || _asks || _left <= 0 || book.AheadOf(_allow) > 0) return;
        Return(_period, _left);
        _spent -= _left;
        _left = 0;
    }

    /// <summary>Hears the answer to what was asked, or that there is none.</summary>
    public void Answered(Grant? grant)
    {
        lock (_gate)
        {
            _asks = false;
            if (_retired)
            {
                if (grant is { Units: > 0 } late) Return(late.Period, late.Units, late);
                grant = null;
            }

            if (grant is { } given)
            {
                if (!_known || _period != given.Period) _left = 0;
                (_known, _period, _spent) = (true, given.Period, given.Spent);
                (_life, _turn, _heardAt) = (given.Life, given.Turn, book.Clock.GetTimestamp());
                _left += given.Units;
            }

            Serve(isKnown: grant is not null);
            ReturnSpare();
            if (!_asks && !_retired) Replace(Time, book.KeptUntil());
        }
    }

    /// <summary>Charges those who wait, as far as there is something; asks for the others.</summary>
    private void Serve(bool isKnown)
    {
        var now = book.Now();
        while (_waiting is { Count: > 0 } waiting)
        {
            var call = waiting.Peek();
            if (call.HasLeft)
            {
                waiting.Dequeue();
                continue;
            }

            if (isKnown && Remaining(call.Allow) >= call.Cost && _left < call.Cost)
            {
                Ask(book.Ledger!, waiting.Where(c => !c.HasLeft).Sum(c => (long)c.Cost), call.Allow, now);
                return;
            }

            waiting.Dequeue();
            if (!isKnown)
            {
                call.Settled.SetResult(new Settled(Outcome.Unavailable, this, default));
            }
            else if (Remaining(call.Allow) < call.Cost)
            {
                call.Settled.SetResult(new Settled(Outcome.Refused, this, Refusal(call.Allow, now)));
            }
            else
            {
                _left -= call.Cost;
                call.Settled.SetResult(new Settled(Outcome.Charged, this, Charged(call.Cost, call.Allow, now)));
            }
        }
    }

    /// <summary>The caller's name in the ledger, which keeps only a digest of it.</summary>
    private string Who() => $"{key.Kind} {key.Name ?? key.Network.ToString("x", CultureInfo.InvariantCulture)}";

    private sealed class WaitingCall(int cost, int allow)
    {
        public int Cost { get; } = cost;

        public int Allow { get; } = allow;

        public TaskCompletionSource<Settled> Settled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whether it does not wait any more.</summary>
        public bool HasLeft { get; set; }
    }
}
