using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>No request could be for two routes of one listener.</summary>
internal static class RouteClashes
{
    public static void Check(Draft draft)
    {
        var routes = new List<Route>();
        var places = new Dictionary<string, Place>(StringComparer.Ordinal);
        foreach (var draftRoute in draft.Routes)
        {
            if (draftRoute.Complete() is not { } route) continue;
            routes.Add(route);
            places[route.Id.Value] = draftRoute.MatchPlace;
        }

        var said = new HashSet<(RouteId, RouteId)>();
        foreach (var serves in draft.Listeners.Select(l => l.Value?.Serves).OfType<IReadOnlySet<Exposure>>())
        {
            foreach (var clash in RouteOverlap.Find([.. routes.Where(r => serves.Contains(r.Exposure))]))
            {
                if (!said.Add((clash.A.Id, clash.B.Id))) continue; // two listeners may serve the same two routes
                draft.Findings.Add(Rules.Overlap, places[clash.B.Id.Value],
                    $"routes {clash.A.Id} ({places[clash.A.Id.Value]}) and {clash.B.Id} both claim {Show.Bounded(clash.Example)}",
                        "change one path, or tell them apart by host, header field or query");
            }
        }
    }
}
