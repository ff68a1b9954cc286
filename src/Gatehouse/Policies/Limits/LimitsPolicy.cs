using System.Globalization;
using System.Runtime.CompilerServices;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Limits;

/// <summary>A limit with its arithmetic and its cells.</summary>
internal readonly record struct CompiledLimit(Limit Limit, Rate Rate, CellTable Cells)
{
    /// <summary>The cell that everybody shares, where the limit counts everybody together.</summary>
    private readonly Cell? _everybody = PartitionKey.IsEverybody(Limit.Per) ? Cells.Everybody : null;

    /// <summary>Here too, because it is needed for every call.</summary>
    public string Name { get; } = Limit.Name;

    /// <summary>The cell of who makes the exchange. It may be <see cref="Cell.Gone"/> when it is charged: then it is to be asked for again.</summary>
    public Cell Find(Exchange exchange, long now) => _everybody ?? Cells.Find(PartitionKey.Of(exchange, Limit.Per), now);
}

/// <summary>
/// Charges a call to every limit of the route. When one of them refuses, the call costs nothing in the others; for the moment in between they can
/// refuse somebody whom they need not have refused, but never allow a call too many. Tells the client how near it is to the tightest limit
/// (draft-ietf-httpapi-ratelimit-headers-11).
/// </summary>
/// <param name="rendered">What <see cref="Render(IEnumerable{Limit})"/> makes of them; one text for all routes that have the same.</param>
internal sealed class LimitsPolicy(CompiledLimit[] limits, string rendered, TimeProvider clock) : Policy
{
    public override string Name => LimitsKind.KindName;

    /// <summary>What is enforced.</summary>
    public IReadOnlyList<Limit> Limits => [.. limits.Select(l => l.Limit)];

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var now = clock.GetTimestamp();
        Charges charges = default;
        var tightest = 0;
        Answer least = default;
        for (var i = 0; i < limits.Length; i++)
        {
            var answer = Charge(in limits[i], exchange, now, out var cell);
            if (answer.Refused)
            {
                for (var given = 0; given < i; given++) limits[given].Rate.GiveBack(charges[given].Cell, charges[given].Time, clock);
                exchange.TightestLimit = LongestWait(exchange, i, answer, now);
                return new(Verdict.Reject(Problems.LimitExceeded, "a limit of the route is used up"));
            }

            charges[i] = new Charged(cell, answer.Charged);
            if (i > 0 && !IsTighter(answer, least)) continue;
            tightest = i;
            least = answer;
        }

        exchange.TightestLimit = StateOf(tightest, least);
        return new(Verdict.Continue);
    }

    public override void OnResponse(Exchange exchange)
    {
        var headers = exchange.ResponseHeaders;
        headers["RateLimit-Policy"] = exchange.Limits = rendered;
        headers["RateLimit"] = exchange.TightestLimit is { } state ? Render(state) : default;
        if (ReferenceEquals(exchange.Problem, Problems.LimitExceeded) && exchange.TightestLimit is { } used)
            headers.RetryAfter = used.RetrySeconds.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The limits as <c>RateLimit-Policy</c> tells them.</summary>
    public static string Render(IEnumerable<Limit> limits) => string.Join(", ", limits.Select(static l => Render(l)));

    private static bool IsTighter(Answer a, Answer b) => a.Remaining < b.Remaining || (a.Remaining == b.Remaining && a.Whole > b.Whole);

    private static Answer Charge(in CompiledLimit limit, Exchange exchange, long now, out Cell cell)
    {
        Answer answer;
        do cell = limit.Find(exchange, now);
        while (!limit.Rate.TryCharge(cell, now, out answer)); // the cell was swept away between the two
        return answer;
    }

    /// <summary>
    /// Of all limits that would refuse the call the one that does so longest: a client that waits for it is not refused by another.
    /// </summary>
    private LimitState LongestWait(Exchange exchange, int refusing, Answer refusal, long now)
    {
        for (var i = refusing + 1; i < limits.Length; i++)
        {
            var cell = limits[i].Find(exchange, now);
            var other = limits[i].Rate.Look(cell.Time, now);
            if (!other.Refused || other.Retry <= refusal.Retry) continue;
            refusing = i;
            refusal = other;
        }

        return StateOf(refusing, refusal);
    }

    private LimitState StateOf(int index, Answer answer)
    {
        var retry = Seconds(answer.Retry);
        return new LimitState(limits[index].Name, answer.Remaining, answer.Remaining > 0 ? Seconds(answer.Whole) : retry, retry);
    }

    private long Seconds(long ticks) => (ticks + clock.TimestampFrequency - 1) / clock.TimestampFrequency;

    private static StringValues Render(LimitState state) =>
        string.Create(CultureInfo.InvariantCulture, $"\"{state.Name}\";r={state.Remaining};t={state.ResetSeconds}");

    /// <summary>What is under way at once has a unit and no window; a month has no one length.</summary>
    private static string Render(Limit limit) => limit.Form switch
    {
        LimitForm.AtOnce => string.Create(CultureInfo.InvariantCulture, $"\"{limit.Name}\";q={limit.Allow};qu=\"concurrent-requests\""),
        LimitForm.Month => string.Create(CultureInfo.InvariantCulture, $"\"{limit.Name}\";q={limit.Allow}"),
        LimitForm.Even or LimitForm.Sliding or LimitForm.Day =>
            string.Create(CultureInfo.InvariantCulture, $"\"{limit.Name}\";q={limit.Allow};w={(long)limit.Every.TotalSeconds}"),
    };

    private readonly record struct Charged(Cell Cell, long Time);

    [InlineArray(LimitsSpec.MostPerRoute)]
    private struct Charges
    {
        private Charged _first;
    }
}
