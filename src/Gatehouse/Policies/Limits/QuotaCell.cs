using System.Globalization;
using Gatehouse.Ledger;

namespace Gatehouse.Policies.Limits;

/// <summary>
/// What one caller has left of one quota. It spends only what the ledger has reserved for it, and asks for more before that is used up; what is not
/// spent goes back when the cell is dropped or the gateway stops. So a crash costs what was reserved, and never allows a call too many.
/// </summary>
internal sealed class QuotaCell(QuotaBook book, PartitionKey key) : Cell
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _asked;
    private int _need; // of calls that came while something was asked already
    private bool _known;
    private long _period;
    private long _spent; // as the ledger has it: what is reserved here is part of it
    private long _left; // of what is reserved

    /// <summary>Charges a call. False when the cell is <see cref="Cell.Gone"/>.</summary>
    public bool TryCharge(int cost, int allow, out Outcome outcome, out Answer answer)
    {
        (outcome, answer) = (Outcome.Unavailable, default);
        if (book.Ledger is not { IsFailing: false } ledger) return true;
        var now = book.Now();
        lock (_gate)
        {
            var held = Time;
            if (held == Gone) return false;
            Turn(now);
            if (_known && Remaining(allow) < cost)
            {
                (outcome, answer) = (Outcome.Refused, Refusal(allow, now));
                return true;
            }

            // while something is asked, the cell has to stay for the answer
            if (!Replace(held, _asked is null && _left >= cost ? book.KeptUntil() : long.MaxValue)) return false; // it was swept away just now
            outcome = Outcome.Unknown;
            if (_left < cost)
            {
                if (_asked is null) Ask(ledger, Math.Max(cost, _need), allow, now);
                else _need = Math.Min(_need + cost, allow);
                return true;
            }

            _left -= cost;
            if (_asked is null && _left <= QuotaBook.AheadOf(allow) / 2 && _spent < allow) Ask(ledger, 0, allow, now);
            (outcome, answer) = (Outcome.Charged, new Answer(_period, Remaining(allow), book.Left(_period, now), 0));
            if (answer.Remaining < cost) answer = answer with { Retry = answer.Whole };
            return true;
        }
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
            if (_known && _period == period) _left += cost;
    }

    /// <summary>Waits for what is asked.</summary>
    public Task WhenKnown()
    {
        lock (_gate) return _asked?.Task ?? Task.CompletedTask;
    }

    /// <summary>Gives back what is not spent.</summary>
    public override void Retire()
    {
        lock (_gate)
        {
            if (_known && _left > 0) book.Ledger?.Return(book.Identity, Who(), _period, _left);
            (_known, _left) = (false, 0);
        }
    }

    private long Remaining(int allow) => allow - (_spent - _left);

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

    /// <summary>Asks for what a call needs that waits, and for some ahead.</summary>
    private void Ask(QuotaLedger ledger, int cost, int allow, DateTimeOffset now)
    {
        _asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _need = 0;
        Replace(Time, long.MaxValue);
        var (period, latest) = (QuotaPeriod.At(book.Form, now), QuotaPeriod.LatestAt(book.Form, now));
        ledger.Ask(new LedgerQuestion(book.Identity, Who(), period, latest, cost + QuotaBook.AheadOf(allow) - _left, allow)
        {
            Ends = QuotaPeriod.EndOf(book.Form, latest),
        }, Answered);
    }

    private void Answered(Grant? grant)
    {
        TaskCompletionSource? asked;
        lock (_gate)
        {
            asked = _asked;
            _asked = null;
            if (grant is { } given)
            {
                if (!_known || _period != given.Period) _left = 0;
                (_known, _period, _spent) = (true, given.Period, given.Spent);
                _left += given.Units;
            }

            Replace(Time, book.KeptUntil());
        }

        asked?.SetResult();
    }

    /// <summary>The caller's name in the ledger, which keeps only a digest of it.</summary>
    private string Who() => $"{key.Kind} {key.Name ?? key.Network.ToString("x", CultureInfo.InvariantCulture)}";
}
