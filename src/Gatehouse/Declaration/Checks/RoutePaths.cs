using System.Collections.Frozen;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>No path takes everything, and what looks like administration is not exposed to the public or to partners.</summary>
internal static class RoutePaths
{
    private static readonly FrozenSet<string> Administrative =
        new[]
        {
            "admin", "administration", "actuator", "debug", "metrics", "swagger", "internal", "management", "console", "phpmyadmin",
            "jolokia", "graphiql", "pprof", "env", "heapdump",
        }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static void Check(Draft draft)
    {
        foreach (var route in draft.Routes)
        {
            if (route.Match is not { } match) continue;
            if (match.Path.TakesEverything)
                route.Text.Complain(Rules.CatchAll, route.MatchPlace,
                    $"route {route.Id} takes every path{(match.Path.Segments.Count > 1 ? $" of {match.Path.Segments.Count} segments or more" : "")}",
                    "name the paths that are exposed, each with its decisions");
            if (route.Exposure is not (Exposure.Public or Exposure.Partner)) continue;
            foreach (var segment in match.Path.Segments)
            {
                if (segment.Kind != SegmentKind.Literal || !Administrative.Contains(segment.Prefix)) continue;
                route.Text.Complain(Rules.AdministrativePath, route.MatchPlace,
                    $"the path {Show.Bounded(match.Path.Text)} of route {route.Id} looks administrative, and the route is {DecisionShapes.Word(route.Exposure.Value)}",
                    "exposure: internal or administrative");
                break;
            }
        }
    }
}
