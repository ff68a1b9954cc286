using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>What each kind of policy has read of a route goes with the rest of it, and with the other routes.</summary>
internal static class RoutePolicies
{
    public static void Check(Draft draft)
    {
        List<Route> routes = [.. draft.Routes.Select(r => r.Complete()).OfType<Route>()];
        foreach (var kind in draft.Kinds)
        {
            foreach (var route in routes) kind.Check(route, draft.Findings);
            kind.CheckTogether(routes, draft.Findings);
        }
    }
}
