using System.Globalization;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Policies.Limits;

/// <summary>
/// Charges a call to limits and quotas of any form, one after the other. When one of them refuses, the call costs nothing in the others; for the
/// moment in between they can refuse somebody whom they need not have refused, but never allow a call too many. Routes whose limits all come back
/// evenly have <see cref="LimitsPolicy"/> instead.
/// </summary>
/// <param name="rendered">What <see cref="LimitsPolicy.Render(IEnumerable{Limit})"/> makes of those that are enforced.</param>
/// <param name="keeps">Whether somebody else may have to give back what was charged, by <see cref="GiveBack(Exchange)"/>.</param>
internal sealed class MixedLimitsPolicy(Allowance[] limits, string rendered, TimeProvider clock, bool keeps = false) : Policy
{
    private readonly Allowance[] _limits = limits;
    private readonly bool _returns = keeps || limits.Any(l => l.ReturnsAtEnd);

    public override string Name => LimitsKind.KindName;

    /// <summary>What is enforced, or reported.</summary>
    public IReadOnlyList<Limit> Limits => [.. _limits.Select(l => l.Limit)];

    /// <summary>What one call takes of those that count cost.</summary>
    public int CallCost => _limits.Max(l => l.Cost);

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var charges = new Charge[_limits.Length];
        if (_returns) exchange.Held = charges;
        return ChargeAll(exchange, charges, 0, null);
    }

    public override void OnResponse(Exchange exchange) => WriteFields(exchange, rendered);

    /// <summary>Tells the client of the limits, and of the one that is closest to being reached.</summary>
    public static void WriteFields(Exchange exchange, string rendered)
    {
        var headers = exchange.ResponseHeaders;
        headers["RateLimit-Policy"] = exchange.Limits = rendered;
        headers["RateLimit"] = exchange.TightestLimit is not { } state ? default
            : state.ResetSeconds > 0
                ? string.Create(CultureInfo.InvariantCulture, $"\"{state.Name}\";r={state.Remaining};t={state.ResetSeconds}")
                : string.Create(CultureInfo.InvariantCulture, $"\"{state.Name}\";r={state.Remaining}");
        if (IsOurs(exchange.Problem) && exchange.TightestLimit is { } used)
            headers.RetryAfter = used.RetrySeconds.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Takes back all that was charged, because a limit beside these has refused the call.</summary>
    public void GiveBack(Exchange exchange)
    {
        if (exchange.Held is Charge[] charges) GiveBack(charges, charges.Length);
    }

    /// <summary>Whatever has become of the exchange, its place is free again.</summary>
    public override void OnFinished(Exchange exchange)
    {
        if (exchange.Held is not Charge[] charges) return;
        exchange.Held = null;
        for (var i = 0; i < _limits.Length; i++)
            if (_limits[i].ReturnsAtEnd && charges[i].Cell is { } cell) _limits[i].GiveBack(cell, charges[i].Answer.Charged);
    }

    private static bool IsOurs(Problem? problem) =>
        ReferenceEquals(problem, Problems.LimitExceeded) || ReferenceEquals(problem, Problems.TooManyAtOnce)
        || ReferenceEquals(problem, Problems.QuotaExceeded);

    /// <param name="settled">What became of the call at those for which it has waited.</param>
    private ValueTask<Verdict> ChargeAll(Exchange exchange, Charge[] charges, int from, Settled?[]? settled)
    {
        var now = clock.GetTimestamp();
        for (var i = from; i < _limits.Length; i++)
        {
            var limit = _limits[i];
            var (outcome, cell, answer) = settled?[i] ?? ChargeOne(limit, exchange, now);
            if (outcome == Outcome.Charged)
            {
                charges[i] = new Charge(cell, answer);
            }
            else if (limit.Limit.ReportOnly)
            {
                if (outcome == Outcome.Refused) exchange.ReportedLimit ??= limit.Limit.Name;
                charges[i] = new Charge(null, default) { IsOwed = outcome == Outcome.Unknown };
            }
            else if (outcome == Outcome.Unknown)
            {
                return WaitAsync(exchange, charges, i);
            }
            else
            {
                GiveBack(charges, charges.Length);
                if (outcome == Outcome.Unavailable) return new(Verdict.Reject(Problems.QuotaUnavailable, "what is left of a quota cannot be known"));
                exchange.TightestLimit = LongestWait(exchange, ref i, answer, now);
                return new(Verdict.Reject(_limits[i].Problem, _limits[i].Reason));
            }
        }

        ChargeOwed(exchange, charges, now);
        exchange.TightestLimit = Tightest(charges);
        return new(Verdict.Continue);
    }

    /// <summary>A limit that only reports counts what it does not know yet when it does know, and nobody waits for it.</summary>
    private void ChargeOwed(Exchange exchange, Charge[] charges, long now)
    {
        for (var i = 0; i < charges.Length; i++)
            if (charges[i].IsOwed) _ = _limits[i].SettleAsync(exchange, now);
    }

    private static Settled ChargeOne(Allowance limit, Exchange exchange, long now)
    {
        var outcome = limit.Charge(exchange, now, out var cell, out var answer);
        return new Settled(outcome, cell, answer);
    }

    /// <summary>Waits for all that may have to be waited for at once: one round trip, however many there are.</summary>
    private async ValueTask<Verdict> WaitAsync(Exchange exchange, Charge[] charges, int at)
    {
        var now = clock.GetTimestamp();
        var settling = new Task<Settled>?[_limits.Length];
        for (var i = at; i < _limits.Length; i++)
            if (_limits[i] is { MayWait: true, Limit.ReportOnly: false } limit) settling[i] = limit.SettleAsync(exchange, now);
        var settled = new Settled?[_limits.Length];
        for (var i = at; i < _limits.Length; i++)
        {
            if (settling[i] is not { } task) continue;
            var one = await task;
            settled[i] = one;
            if (one is { Outcome: Outcome.Charged, Cell: { } cell }) charges[i] = new Charge(cell, one.Answer);
        }

        return await ChargeAll(exchange, charges, at, settled);
    }

    private void GiveBack(Charge[] charges, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (charges[i].Cell is { } cell) _limits[i].GiveBack(cell, charges[i].Answer.Charged);
            charges[i] = default;
        }
    }

    /// <summary>
    /// Of all limits that would refuse the call the one that does so longest: a client that waits for it is not refused by another.
    /// </summary>
    private LimitState LongestWait(Exchange exchange, ref int refusing, Answer refusal, long now)
    {
        for (var i = refusing + 1; i < _limits.Length; i++)
        {
            if (_limits[i].Limit.ReportOnly) continue;
            var other = _limits[i].Look(exchange, now);
            if (!other.Refused || other.Retry <= refusal.Retry) continue;
            refusing = i;
            refusal = other;
        }

        return StateOf(refusing, refusal);
    }

    /// <summary>
    /// The limit of which the fewest calls are left. What is under way at once is told only where nothing else is: it says nothing about the next
    /// minute.
    /// </summary>
    private LimitState? Tightest(Charge[] charges)
    {
        var tightest = -1;
        for (var i = 0; i < _limits.Length; i++)
        {
            if (_limits[i].Limit.ReportOnly) continue;
            if (tightest < 0 || IsTighter(i, tightest, charges)) tightest = i;
        }

        return tightest < 0 ? null : StateOf(tightest, charges[tightest].Answer);
    }

    private bool IsTighter(int a, int b, Charge[] charges)
    {
        if (_limits[a].ReturnsAtEnd != _limits[b].ReturnsAtEnd) return _limits[b].ReturnsAtEnd;
        var (left, other) = (charges[a].Answer.Remaining / _limits[a].Cost, charges[b].Answer.Remaining / _limits[b].Cost);
        return left < other || (left == other && charges[a].Answer.Whole > charges[b].Answer.Whole);
    }

    private LimitState StateOf(int index, Answer answer)
    {
        var retry = Seconds(answer.Retry);
        var reset = _limits[index].ReturnsAtEnd ? 0 : answer.Retry > 0 ? retry : Seconds(answer.Whole);
        return new LimitState(_limits[index].Limit.Name, answer.Remaining, reset, retry);
    }

    private long Seconds(long ticks) => (ticks + clock.TimestampFrequency - 1) / clock.TimestampFrequency;

    /// <summary>What was charged to one limit; without a cell nothing was.</summary>
    private readonly record struct Charge(Cell? Cell, Answer Answer)
    {
        /// <summary>Whether it will be charged, when it is known what the limit has.</summary>
        public bool IsOwed { get; init; }
    }
}
