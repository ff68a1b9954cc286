using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Routes;
using Gatehouse.Upstreams;

namespace Gatehouse.Declaration.Checks;

/// <summary>What a route says about being sent again, or to a second destination, goes with what its calls do.</summary>
internal static class RouteRepeats
{
    public static void Check(Draft draft)
    {
        foreach (var route in draft.Routes)
        {
            CheckRetries(route, draft);
            CheckHedge(route, draft);
        }
    }

    private static void CheckRetries(RouteDraft route, Draft draft)
    {
        if (route.Retries is not { } written || written.Value.IsOff) return;
        if (UpstreamOf(route, draft) is { Retries: null } upstream)
            draft.Findings.Add(Rules.Contradiction, written.Place, $"route {route.Id} says which calls are sent again, and upstream {upstream.Name} retries none",
                "retries: { attempts: 2 }, in the upstream");
        // what an api gives to all of its routes holds where it can; what a route says of itself has to
        if (route.Text.FindOwn(RouteSection.Retries) is not { } own) return;
        if (route.Upgrade is not null)
            draft.Findings.Add(Rules.Contradiction, own.Place, $"route {route.Id} is upgraded, and a conversation is not begun again");
        if (own.Value.IdempotencyKey is not null || route.Effect is not { } effect || route.Match is not { } match) return;
        if (own.Value.For(effect, match.Method) == Repetition.Never)
            draft.Findings.Add(Rules.Repetition, own.Place,
                $"route {route.Id} is {Say(effect, $" by {match.Method}")}, which is not the same when it is done twice",
                "retries: { idempotencyKey: Idempotency-Key }, if the service knows by it that it has had a call before; or none");
    }

    private static void CheckHedge(RouteDraft route, Draft draft)
    {
        if (route.Hedge is not { } hedge) return;
        if (route.Effect is { } effect && effect != Effect.Read)
            draft.Findings.Add(Rules.Repetition, hedge.Place, $"route {route.Id} is {Say(effect)}, and a hedge may do it twice",
                "leave 'hedge' out; where its api gives it, give it to the routes that read");
        else if (!IsReadWithoutBody(route))
            draft.Findings.Add(Rules.Contradiction, hedge.Place, $"route {route.Id} takes {route.Match?.Method}, and only GET and HEAD are hedged");
        else if (route.Upgrade is not null)
            draft.Findings.Add(Rules.Contradiction, hedge.Place, $"route {route.Id} is upgraded, and nobody has the same conversation twice");
        else if (UpstreamOf(route, draft) is { Destinations.Count: 1 } upstream)
            draft.Findings.Add(Rules.Contradiction.Lesser(), hedge.Place, $"route {route.Id} is hedged, and upstream {upstream.Name} has one destination",
                "name a second one");
    }

    /// <summary>Whether requests of the route have no body as a rule; true where that cannot be said.</summary>
    public static bool IsReadWithoutBody(RouteDraft route) => route.Match is not { } match || match.Method is "GET" or "HEAD";

    public static string Say(Effect effect, string by = "") => effect == Effect.Action ? "an action" : "a write" + by;

    private static Upstream? UpstreamOf(RouteDraft route, Draft draft) =>
        route.Upstream is { } named ? draft.Upstreams.GetValueOrDefault(named.Value)?.Value : null;
}
