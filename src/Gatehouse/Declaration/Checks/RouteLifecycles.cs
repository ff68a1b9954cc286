using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>A route's end comes after its announcement, leads to a route that is there for the same callers, and is not forgotten.</summary>
internal static class RouteLifecycles
{
    public static void Check(Draft draft)
    {
        var routes = new Dictionary<RouteId, RouteDraft>();
        foreach (var route in draft.Routes) routes.TryAdd(route.Id, route);
        foreach (var route in draft.Routes)
        {
            if (route.Lifecycle is not { } lifecycle) continue;
            CheckDates(route, lifecycle, draft);
            if (lifecycle.Successor is { } named) CheckSuccessor(route, named, routes, draft);
        }
    }

    private static void CheckDates(RouteDraft route, LifecycleText lifecycle, Draft draft)
    {
        var (deprecated, sunset) = (lifecycle.Deprecated, lifecycle.Sunset);
        if (sunset?.Value < deprecated?.Value)
            draft.Findings.Add(
                Rules.Lifecycle,
                sunset!.Value.Place,
                $"route {route.Id} ends before it is deprecated",
                "RFC 9745 section 4: the sunset is not earlier than the deprecation");
        else if (sunset is { } end && end.Value <= draft.Now)
            draft.Findings.Add(
                Rules.Lifecycle.Lesser(),
                end.Place,
                $"route {route.Id} has ended: it answers 410",
                "remove it when nobody calls it any more");
        else if (deprecated is not null && !lifecycle.LeadsOn)
            draft.Findings.Add(
                Rules.Lifecycle.Lesser(),
                lifecycle.Place,
                $"route {route.Id} is deprecated, but nothing says until when or what takes its place",
                "sunset: a date, or successor: a route");
    }

    private static void CheckSuccessor(RouteDraft route, Located<string> named, Dictionary<RouteId, RouteDraft> routes, Draft draft)
    {
        var (findings, id) = (draft.Findings, route.SuccessorId!.Value);
        if (!routes.TryGetValue(id, out var successor))
            findings.Add(
                Rules.UnknownReference,
                named.Place,
                $"there is no route '{id}'",
                findings.IsFull ? null : Nearest.Hint(id.Value, routes.Keys.Select(r => r.Value)));
        else if (id == route.Id)
            findings.Add(Rules.Lifecycle, named.Place, $"route {route.Id} cannot take its own place");
        else if (WhereHidden(route, successor, draft) is { } listener)
            findings.Add(Rules.Lifecycle, named.Place, $"listener {listener} serves route {route.Id} but not its successor {id}, whose path callers would be told",
                "name a successor of the same exposure");
        else if (successor.Lifecycle is not null)
            findings.Add(
                Rules.Lifecycle.Lesser(),
                named.Place,
                $"the successor {id} of route {route.Id} has an end itself",
                "name the route that stays");
        else if (route.Match is { } from && successor.Match is { } to && !SuccessorPath.TryCompile(from, to, out _, out var why))
            findings.Add(
                Rules.Lifecycle.Lesser(),
                named.Place,
                $"callers of route {route.Id} get no link to {id}, because {why}",
                "use the same names in both paths, or write 'documentation'");
    }

    private static string? WhereHidden(RouteDraft route, RouteDraft successor, Draft draft)
    {
        if (route.Exposure is not { } here || successor.Exposure is not { } there) return null;
        foreach (var listener in draft.Listeners)
            if (listener.Value is { } known && known.Serves.Contains(here) && !known.Serves.Contains(there)) return listener.Name;
        return null;
    }
}
