using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration.Checks;

/// <summary>Every route is served by some listener, under every host that it names.</summary>
internal static class RouteListeners
{
    public static void Check(Draft draft)
    {
        if (draft.Listeners.Any(l => l.Value is null)) return; // one that could not be read may be the one
        foreach (var route in draft.Routes)
        {
            if (route.Exposure is not { } exposure) continue;
            var serving = draft.Listeners.Where(l => l.Value!.Serves.Contains(exposure)).ToList();
            if (serving.Count == 0)
            {
                draft.Findings.Add(Rules.Interlock, route.Text.PlaceOf(RouteSection.Exposure),
                    $"no listener serves what is {DecisionShapes.Word(exposure)}, so route {route.Id} could not be called",
                    $"serves: [{DecisionShapes.Word(exposure)}], at a listener");
                continue;
            }

            foreach (var host in route.Match?.Hosts ?? [])
                if (!serving.Any(l => l.Value!.Hosts.Contains(host)))
                    draft.Findings.Add(Rules.Interlock, route.MatchPlace, $"no listener that serves route {route.Id} has the host '{host}'",
                        Nearest.Hint(host, serving.SelectMany(l => l.Value!.Hosts).Distinct()) ?? $"hosts: [{host}], at a listener");
        }
    }
}
