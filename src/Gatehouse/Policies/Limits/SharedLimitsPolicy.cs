using System.Globalization;
using System.Runtime.CompilerServices;
using Gatehouse.Pipeline;
using Gatehouse.Stores;

namespace Gatehouse.Policies.Limits;

/// <summary>One limit of a route with shared limits: it is shared, or counted by this instance alone.</summary>
internal readonly record struct SharedPart(SharedLimit? Shared, CompiledLimit Local)
{
    public Limit Limit => Shared?.Limit ?? Local.Limit;
}

/// <summary>
/// Charges a call to every limit of the route, some of which other instances count too. As long as leases last and nothing is used up this
/// waits for nobody; otherwise it asks the store once, about all limits that need it. When one of them refuses, the call costs nothing in the others.
/// </summary>
internal sealed class SharedLimitsPolicy(SharedPart[] parts, string rendered, SharedStore store, TimeProvider clock) : Policy
{
    private const int Cost = 1;
    private const string UsedUp = "a limit of the route is used up";
    private const string UsedUpAlone = "a limit of the route is used up, counted by this instance alone";

    public override string Name => LimitsKind.KindName;

    /// <summary>What is enforced.</summary>
    public IReadOnlyList<Limit> Limits => [.. parts.Select(p => p.Limit)];

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var now = clock.GetTimestamp();
        Steps steps = default;
        var asks = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            Take(in parts[i], exchange, now, ref steps[i]);
            if (steps[i].Taking == Taking.Refused) return new(Refuse(exchange, steps, i, UsedUp, now));
            if (steps[i].Taking == Taking.Ask) asks++;
        }

        if (asks > 0) return store.IsFine ? AskAsync(exchange, steps, asks) : new(CountAlone(exchange, ref steps, now));
        return new(Pass(exchange, steps));
    }

    public override void OnResponse(Exchange exchange) => LimitsPolicy.WriteFields(exchange, rendered);

    /// <summary>Decides without the store where that is possible.</summary>
    private static void Take(in SharedPart part, Exchange exchange, long now, ref Step step)
    {
        if (part.Shared is { } shared)
        {
            step.Cell = shared.Cells.Find(PartitionKey.Of(exchange, shared.Limit.Per), now);
            step.Taking = shared.Take(step.Cell, Cost, now, out step.Answer);
            return;
        }

        step.Answer = LimitsPolicy.Charge(part.Local, exchange, now, out step.Local);
        step.Taking = step.Answer.Refused ? Taking.Refused : Taking.Taken;
    }

    private async ValueTask<Verdict> AskAsync(Exchange exchange, Steps steps, int count)
    {
        var asks = new CellAsk[count];
        var questions = new SharedLimit.Question[count];
        var of = new int[count];
        var now = clock.GetTimestamp();
        for (int i = 0, at = 0; i < parts.Length; i++)
        {
            if (steps[i].Taking != Taking.Ask) continue;
            var (limit, cell) = (parts[i].Shared!, steps[i].Cell!);
            questions[at] = limit.Ask(cell, Cost, limit.Batch > 0 && cell.TryBeginRefill(), now);
            asks[at] = questions[at].Cell;
            of[at++] = i;
        }

        var answer = await store.AskAsync(asks, count);
        now = clock.GetTimestamp();
        var refusing = -1;
        for (var at = 0; at < count; at++)
        {
            var i = of[at];
            if (!answer.IsThere)
            {
                parts[i].Shared!.HearNothing(steps[i].Cell!, questions[at]);
                continue;
            }

            steps[i].Answer = parts[i].Shared!.Hear(steps[i].Cell!, questions[at], answer.Cells[at], answer.Passes, now);
            if (refusing < 0 && !answer.Passes && steps[i].Answer.Refused) refusing = i;
        }

        if (!answer.IsThere) return CountAlone(exchange, ref steps, now);
        if (answer.Passes) return Pass(exchange, steps);
        return Refuse(exchange, steps, Math.Max(0, refusing), UsedUp, now);
    }

    /// <summary>The store cannot be asked: this instance allows its share.</summary>
    private Verdict CountAlone(Exchange exchange, ref Steps steps, long now)
    {
        for (var i = 0; i < parts.Length; i++)
        {
            if (steps[i].Taking != Taking.Ask) continue;
            var limit = parts[i].Shared!;
            Answer? answer;
            while ((answer = limit.TakeAlone(steps[i].Cell!, Cost, now)) is null)
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
        for (var i = 1; i < parts.Length; i++)
            if (LimitsPolicy.IsTighter(steps[i].Answer, steps[tightest].Answer)) tightest = i;
        exchange.TightestLimit = LimitsPolicy.StateOf(parts[tightest].Limit.Name, steps[tightest].Answer, clock);
        return Verdict.Continue;
    }

    /// <summary>Gives back what the other limits were charged, and tells of the one that refuses longest.</summary>
    private Verdict Refuse(Exchange exchange, in Steps steps, int refusing, string reason, long now)
    {
        var longest = steps[refusing].Answer;
        var named = refusing;
        for (var i = 0; i < parts.Length; i++)
        {
            if (i == refusing) continue;
            var (shared, cell) = (parts[i].Shared, steps[i].Cell);
            if (steps[i].Taking == Taking.Taken)
            {
                if (shared is null) parts[i].Local.Rate.GiveBack(steps[i].Local!, steps[i].Answer.Charged, clock);
                else if (steps[i].IsAlone) shared.GiveBackAlone(cell!, Cost);
                else shared.GiveBack(cell!, Cost);
                continue;
            }

            var other = shared is null
                ? LimitsPolicy.Look(parts[i].Local, exchange, now)
                : shared.Look(cell ?? shared.Cells.Find(PartitionKey.Of(exchange, shared.Limit.Per), now), Cost, now);
            if (!other.Refused || other.Retry <= longest.Retry) continue;
            (longest, named) = (other, i);
        }

        exchange.TightestLimit = LimitsPolicy.StateOf(parts[named].Limit.Name, longest, clock);
        return Verdict.Reject(Problems.LimitExceeded, reason);
    }

    /// <summary>How far a call is with one limit.</summary>
    private struct Step
    {
        public Taking Taking;
        public bool IsAlone;
        public SharedCell? Cell;
        public Cell? Local;
        public Answer Answer;
    }

    [InlineArray(LimitsSpec.MostPerRoute)]
    private struct Steps
    {
        private Step _first;
    }
}
