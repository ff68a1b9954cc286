using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>Second upstreams of routes, those that answer and those that only listen, are what they are meant to be.</summary>
internal static class RouteVariants
{
    public static void Check(Draft draft)
    {
        foreach (var route in draft.Routes)
        {
            CheckCanary(route, draft.Findings);
            CheckMirror(route, draft.Findings);
        }
    }

    private static void CheckCanary(RouteDraft route, Findings findings)
    {
        if (route.Canary is not { } canary) return;
        if (route.Upstream?.Value == canary.Value.Upstream.Value)
            findings.Add(Rules.Contradiction, canary.Value.Upstream.Place, $"the canary of route {route.Id} is its own upstream", "name another one");
        if (canary.Value.Value.Sticky == Stickiness.Person && route.Access is { SaysPeople: false })
            findings.Add(Rules.Contradiction.Lesser(), canary.Place, $"route {route.Id} is called for no persons, so its callers are told apart by consumer or address",
                "sticky: consumer, or sticky: address");
    }

    private static void CheckMirror(RouteDraft route, Findings findings)
    {
        if (route.Mirror is not { } mirror) return;
        if (route is { Changes: true, Effect: { } effect })
            findings.Add(Rules.Repetition, mirror.Place, $"route {route.Id} is {RouteRepeats.Say(effect)}, and a mirror would do it twice",
                "leave 'mirror' out; where its api gives it, give it to the routes that read");
        else if (!RouteRepeats.IsReadWithoutBody(route))
            findings.Add(Rules.Contradiction, mirror.Place, $"route {route.Id} takes {route.Match?.Method}, and only GET and HEAD are mirrored");
        if (route.Upgrade is not null)
            findings.Add(Rules.Contradiction, mirror.Place, $"route {route.Id} is upgraded, and a conversation is not mirrored");
        if (route.Upstream?.Value == mirror.Value.Upstream.Value || route.Canary?.Value.Upstream.Value == mirror.Value.Upstream.Value)
            findings.Add(Rules.Contradiction, mirror.Value.Upstream.Place, $"the mirror of route {route.Id} is an upstream that answers it", "name another one");
        CheckPeople(route, mirror.Place, findings);
    }

    /// <summary>What is special may not be mirrored at all: no reason makes up for it.</summary>
    private static void CheckPeople(RouteDraft route, Place place, Findings findings)
    {
        const string hint = "leave 'mirror' out, or waive GH2060 with a reason, an owner and a date";
        var text = $"route {route.Id} touches data about people, and its requests would be sent to an upstream that does not answer them";
        if (route.PersonalData == PersonalData.Ordinary) route.Text.Complain(Rules.MirroredPeople, place, text, hint);
        else if (route.PersonalData == PersonalData.Special)
            findings.Add(Rules.MirroredPeople, place, text, "leave 'mirror' out: no waiver holds for special data");
    }
}
