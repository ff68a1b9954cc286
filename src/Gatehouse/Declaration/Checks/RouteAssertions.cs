using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>Backends that check for themselves are told who calls, and where the keys are published nothing else is served.</summary>
internal static class RouteAssertions
{
    public static void Check(Draft draft)
    {
        foreach (var route in draft.Routes) CheckRoute(route, draft);
        if (draft.Root.Assertions?.Publish is { } publish) CheckPublished(publish, draft);
    }

    private static void CheckRoute(RouteDraft route, Draft draft)
    {
        if (!draft.Root.SaysAssertions && route.Text.Has(RouteSection.Assertion))
            route.Text.Findings.Add(Rules.Contradiction, route.Text.PlaceOf(RouteSection.Assertion),
                $"route {route.Id} says something about assertions, and the declaration has none",
                "assertions: { issuer: …, keys: [ … ] }, at the top");
        if (!route.Changes && !route.TouchesPeople) return;
        if (!draft.Root.SaysAssertions && route.BackendChecks == BackendChecks.Object)
            route.Text.Complain(Rules.Assertions, route.Text.PlaceOf(RouteSection.BackendChecks),
                $"the backend of route {route.Id} is to check each object, and is told nothing of the caller that it could verify",
                "assertions: { issuer: …, keys: [ … ] }, at the top");
        if (draft.Root.SaysAssertions && route.Assertion == AssertionUse.None)
            route.Text.Complain(Rules.Assertions, route.Text.PlaceOf(RouteSection.Assertion),
                $"route {route.Id} touches people's data or changes something, and its backend is sent no assertion");
    }

    private static void CheckPublished(PublishText publish, Draft draft)
    {
        if (draft.Listeners.FirstOrDefault(l => l.Name == publish.Listener.Value) is not { } listener)
        {
            draft.Findings.Add(Rules.UnknownReference, publish.Listener.Place, $"there is no listener '{Show.Bounded(publish.Listener.Value)}'",
                Nearest.Hint(publish.Listener.Value, draft.Listeners.Select(l => l.Name)));
            return;
        }

        foreach (var route in draft.Routes)
        {
            if (route.Match is not { Method: "GET" } match || match.Path.Text != publish.Path.Value) continue;
            if (route.Exposure is { } exposure && listener.Value?.Serves.Contains(exposure) == true)
                draft.Findings.Add(Rules.Overlap, publish.Path.Place,
                    $"the published keys and route {route.Id} ({route.MatchPlace}) both claim GET {Show.Bounded(match.Path.Text)}",
                    "change one path");
        }
    }
}
