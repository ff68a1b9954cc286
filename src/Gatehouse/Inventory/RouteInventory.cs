using Gatehouse.Policies.Intake;
using Gatehouse.Routes;
using Gatehouse.Runtime;

namespace Gatehouse.Inventory;

/// <summary>Every route that is served, by what the listeners' tables really hold and what may be asked for there.</summary>
internal static class RouteInventory
{
    /// <summary>One entry for each route, in the order in which they are declared.</summary>
    /// <param name="now">The instant against which ends and reviews are judged.</param>
    public static IReadOnlyList<RouteEntry> Of(GatewaySnapshot snapshot, DateTimeOffset now)
    {
        var served = new Dictionary<RouteId, (CompiledRoute Compiled, List<Listener> Listeners)>();
        foreach (var listener in snapshot.Listeners)
        {
            var hosts = new ServedHosts(listener.Listener);
            foreach (var compiled in listener.Routes.Routes)
            {
                if (!served.TryGetValue(compiled.Route.Id, out var found)) served.Add(compiled.Route.Id, found = (compiled, []));
                var bound = compiled.Route.Match.Hosts;
                if (bound.Count == 0 || bound.Any(hosts.MayFind)) found.Listeners.Add(listener.Listener);
            }
        }

        var entries = new List<RouteEntry>(served.Count);
        foreach (var route in snapshot.Definition.Routes)
            if (served.TryGetValue(route.Id, out var found)) entries.Add(new RouteEntry(found.Compiled, found.Listeners, now));
        return entries;
    }
}
