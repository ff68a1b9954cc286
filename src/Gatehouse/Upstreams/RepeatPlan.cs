using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Telemetry;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Upstreams;

/// <summary>
/// How the calls of one route are sent more than once to one upstream: again, where they failed and it does no harm, and to a second destination,
/// where the first is slow. A route without such a plan takes the shorter way through <see cref="UpstreamClient"/>.
/// </summary>
internal sealed class RepeatPlan
{
    private RepeatPlan(Upstream upstream, Route route, RetryBudget budget, GatehouseMeter? meter, TimeProvider clock, Random random)
    {
        Rules = upstream.Retries ?? RetryRules.Usual;
        Budget = budget;
        Clock = clock;
        Random = random;
        Tallies = new RepeatTallies(upstream.Name, meter);
        HedgeAfter = route.HedgeAfter;
        Repetition = RepetitionOf(upstream, route);
        Key = route.Retries.IdempotencyKey;
    }

    public RetryRules Rules { get; }

    /// <summary>Which calls are sent again after a failure.</summary>
    public Repetition Repetition { get; }

    /// <summary>The header field by which a service knows that it has had a call before; null for none.</summary>
    public string? Key { get; }

    public RetryBudget Budget { get; }

    public TimeProvider Clock { get; }

    public Random Random { get; }

    public RepeatTallies Tallies { get; }

    /// <summary>After how long a second destination is asked too; null for never.</summary>
    public TimeSpan? HedgeAfter { get; }

    /// <summary>The plan for a route, or null where every call is sent once.</summary>
    public static RepeatPlan? For(Upstream upstream, Route route, StateStore state, TimeProvider clock, GatehouseMeter? meter = null)
    {
        if (RepetitionOf(upstream, route) == Repetition.Never && route.HedgeAfter is null) return null;
        var budget = state.Get("retry budget", upstream.Name, () => new RetryBudget(clock));
        return new RepeatPlan(upstream, route, budget, meter, clock, Random.Shared);
    }

    /// <summary>Which calls of a route are sent again by an upstream. What was upgraded is a conversation, and is not.</summary>
    public static Repetition RepetitionOf(Upstream upstream, Route route) =>
        upstream.Retries is null || route.Upgrade is not null
            ? Repetition.Never
            : route.Retries.For(route.Effect, route.Match.Method);

    public async ValueTask<Verdict> ForwardAsync(UpstreamClient client, Exchange exchange, ForwardTerms terms)
    {
        Budget.Count();
        var repeats = new Repeats(this, exchange, terms.Deadline is { } limit ? exchange.StartedAt + TicksOf(limit) : long.MaxValue);
        while (true)
        {
            var verdict = await client.ForwardAsync(exchange, terms, repeats);
            if (!repeats.TakesAnother(out var wait)) return verdict;
            try
            {
                await Task.Delay(wait, Clock, exchange.Http.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                return ClientLeft.End(exchange);
            }

            StartOver(exchange);
        }
    }

    /// <summary>Whether the exchange's request may be sent a second time, whole.</summary>
    public bool Allows(Exchange exchange, bool hasBody) => Repetition switch
    {
        Repetition.Never => false,
        Repetition.Always => !hasBody || exchange.WholeBody is not null,
        Repetition.WithKey => HasKey(exchange) && (!hasBody || exchange.WholeBody is not null),
    };

    public long TicksOf(TimeSpan time) => (long)(time.TotalSeconds * Clock.TimestampFrequency);

    /// <summary>Whether the client gave its call a key, one and no other.</summary>
    private bool HasKey(Exchange exchange) => exchange.RequestHeaders[Key!] is [{ Length: > 0 }];

    private static void StartOver(Exchange exchange)
    {
        exchange.Http.Response.StatusCode = StatusCodes.Status200OK; // a failure's status would count as an answer
        if (exchange.WholeBody is not { } body) return;
        body.Position = 0;
        exchange.Http.Request.Body = body;
    }
}
