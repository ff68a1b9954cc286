using System.Runtime.CompilerServices;
using Gatehouse.Pipeline;
using Gatehouse.Stores;

namespace Gatehouse.Policies.Limits;

/// <summary>
/// Charges a call to limits that other instances count too. As long as leases last and nothing is used up this waits for nobody; otherwise it
/// asks the store once, about all limits that need it. When a limit refuses, the call costs nothing in the others.
/// </summary>
/// <param name="limits">Those that are shared: at least one.</param>
/// <param name="rest">
/// Those of the route that are not, and quotas; null for none. They are asked before the store is, or beside it when they have to wait: one round
/// trip.
/// </param>
/// <param name="rendered">What clients are told of all of them.</param>
internal sealed class SharedLimitsPolicy(
    SharedLimit[] limits, MixedLimitsPolicy? rest, string rendered, SharedStore store, TimeProvider clock) : Policy
{
    private const string UsedUp = "a limit of the route is used up";
    private const string UsedUpAlone = "a limit of the route is used up, counted by this instance alone";

    public override string Name => LimitsKind.KindName;

    /// <summary>What is enforced.</summary>
    public IReadOnlyList<Limit> Limits => [.. limits.Select(l => l.Limit), .. rest?.Limits ?? []];

    /// <summary>What one call takes of those that count cost.</summary>
    public int CallCost => Math.Max(limits.Max(l => l.Cost), rest?.CallCost ?? 1);

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var now = clock.GetTimestamp();
        Steps steps = default;
        var asks = 0;
        for (var i = 0; i < limits.Length; i++)
        {
            var limit = limits[i];
            steps[i].Cell = limit.Cells.Find(PartitionKey.Of(exchange, limit.Limit.Per), now);
            steps[i].Taking = limit.Take(steps[i].Cell!, now, out steps[i].Answer);
            if (steps[i].Taking == Taking.Refused) return new(Refuse(exchange, steps, i, UsedUp, now));
            if (steps[i].Taking == Taking.Ask) asks++;
        }

        if (rest is null) return DecideAsync(exchange, ref steps, asks, now);
        var others = rest.OnRequestAsync(exchange);
        if (!others.IsCompletedSuccessfully)
            return asks > 0 && store.IsFine ? AskAsync(exchange, steps, asks, others) : AfterRestAsync(exchange, steps, asks, others);
        var verdict = others.Result;
        if (verdict.Kind == VerdictKind.Continue) return DecideAsync(exchange, ref steps, asks, now);
        GiveBack(steps);
        return new(verdict);
    }

    public override void OnResponse(Exchange exchange) => MixedLimitsPolicy.WriteFields(exchange, rendered);

    public override void OnFinished(Exchange exchange) => rest?.OnFinished(exchange);

    private async ValueTask<Verdict> AfterRestAsync(Exchange exchange, Steps steps, int asks, ValueTask<Verdict> others)
    {
        var verdict = await others;
        if (verdict.Kind == VerdictKind.Continue) return await DecideAsync(exchange, ref steps, asks, clock.GetTimestamp());
        GiveBack(steps);
        return verdict;
    }

    private ValueTask<Verdict> DecideAsync(Exchange exchange, ref Steps steps, int asks, long now)
    {
        if (asks == 0) return new(Pass(exchange, steps));
        return store.IsFine ? AskAsync(exchange, steps, asks, new(Verdict.Continue)) : new(CountAlone(exchange, ref steps, now));
    }

    /// <param name="others">What the rest says, which may come at the same time.</param>
    private async ValueTask<Verdict> AskAsync(Exchange exchange, Steps steps, int count, ValueTask<Verdict> others)
    {
        var asks = new CellAsk[count];
        var questions = new SharedLimit.Question[count];
        var of = new int[count];
        var now = clock.GetTimestamp();
        for (int i = 0, at = 0; i < limits.Length; i++)
        {
            if (steps[i].Taking != Taking.Ask) continue;
            var (limit, cell) = (limits[i], steps[i].Cell!);
            questions[at] = limit.Ask(cell, limit.Cost, limit.Batch > 0 && cell.TryBeginRefill(), now);
            asks[at] = questions[at].Cell;
            of[at++] = i;
        }

        var asking = store.AskAsync(asks, count);
        var verdict = await others;
        var answer = await asking;
        now = clock.GetTimestamp();
        var returns = verdict.Kind != VerdictKind.Continue && answer is { IsThere: true, Passes: true };
        var refusing = of[0];
        for (var at = count - 1; at >= 0; at--)
        {
            var i = of[at];
            if (!answer.IsThere)
            {
                limits[i].HearNothing(steps[i].Cell!, questions[at]);
                continue;
            }

            steps[i].Answer = limits[i].Hear(steps[i].Cell!, questions[at], answer.Cells[at], answer.Passes, returns, now);
            if (steps[i].Answer.Refused) refusing = i;
            if (returns) asks[at] = limits[i].Return(steps[i].Cell!);
        }

        if (verdict.Kind != VerdictKind.Continue)
        {
            if (returns) _ = store.AskAsync(asks, count).AsTask(); // beside the call: what does not arrive stays charged
            GiveBack(steps);
            return verdict;
        }

        if (!answer.IsThere) return CountAlone(exchange, ref steps, now);
        return answer.Passes ? Pass(exchange, steps) : Refuse(exchange, steps, refusing, UsedUp, now);
    }

    /// <summary>The store cannot be asked: this instance allows its share.</summary>
    private Verdict CountAlone(Exchange exchange, ref Steps steps, long now)
    {
        for (var i = 0; i < limits.Length; i++)
        {
            if (steps[i].Taking != Taking.Ask) continue;
            var limit = limits[i];
            Answer? answer;
            while ((answer = limit.TakeAlone(steps[i].Cell!, now)) is null)
                steps[i].Cell = limit.Cells.Find(PartitionKey.Of(exchange, limit.Limit.Per), now); // it was swept away between the two
            steps[i].Answer = answer.Value;
            if (answer.Value.Refused) return Refuse(exchange, steps, i, UsedUpAlone, now);
            steps[i].Taking = Taking.Taken;
            steps[i].IsAlone = true;
        }

        return Pass(exchange, steps);
    }

    private Verdict Pass(Exchange exchange, in Steps steps)
    {
        var tightest = 0;
        for (var i = 1; i < limits.Length; i++)
            if (steps[i].Answer.Remaining / limits[i].Cost < steps[tightest].Answer.Remaining / limits[tightest].Cost) tightest = i;
        var state = StateOf(tightest, steps[tightest].Answer);
        // of the rest, what is under way at once says nothing about the next minute
        if (exchange.TightestLimit is not { ResetSeconds: > 0 } other || state.Remaining <= other.Remaining) exchange.TightestLimit = state;
        return Verdict.Continue;
    }

    /// <summary>Gives back what other limits were charged, and tells of the one that refuses longest.</summary>
    private Verdict Refuse(Exchange exchange, in Steps steps, int refusing, string reason, long now)
    {
        var longest = steps[refusing].Answer;
        var named = refusing;
        for (var i = 0; i < limits.Length; i++)
        {
            if (i == refusing || steps[i].Taking == Taking.Taken) continue;
            var cell = steps[i].Cell ?? limits[i].Cells.Find(PartitionKey.Of(exchange, limits[i].Limit.Per), now);
            var other = limits[i].Look(cell, now);
            if (other.Refused && other.Retry > longest.Retry) (longest, named) = (other, i);
        }

        GiveBack(steps);
        rest?.GiveBack(exchange);
        exchange.TightestLimit = StateOf(named, longest);
        return Verdict.Reject(Problems.LimitExceeded, reason);
    }

    private void GiveBack(in Steps steps)
    {
        for (var i = 0; i < limits.Length; i++)
        {
            if (steps[i].Taking != Taking.Taken) continue;
            if (steps[i].IsAlone) limits[i].GiveBackAlone(steps[i].Cell!);
            else limits[i].GiveBack(steps[i].Cell!);
        }
    }

    private LimitState StateOf(int index, Answer answer)
    {
        var retry = Seconds(answer.Retry);
        return new LimitState(limits[index].Limit.Name, answer.Remaining, answer.Retry > 0 ? retry : Seconds(answer.Whole), retry);
    }

    private long Seconds(long ticks) => (ticks + clock.TimestampFrequency - 1) / clock.TimestampFrequency;

    /// <summary>How far a call is with one limit.</summary>
    private struct Step
    {
        public Taking Taking;
        public bool IsAlone;
        public SharedCell? Cell;
        public Answer Answer;
    }

    [InlineArray(LimitsSpec.MostPerRoute)]
    private struct Steps
    {
        private Step _first;
    }
}
