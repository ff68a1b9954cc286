using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>Effect, method, scopes, upgrade and deadline of a route agree.</summary>
internal static class RouteEffects
{
    public static void Check(Draft draft)
    {
        foreach (var route in draft.Routes)
        {
            CheckMethod(route);
            CheckScopes(route);
            CheckUpgrade(route);
            if (route.Deadline is { } deadline && deadline.Value > RouteReader.UsualDeadline)
                draft.Findings.Add(Rules.LongDeadline, deadline.Place, $"exchanges may take {Units.Write(deadline.Value)}",
                    "at most 60s, and work that takes longer in the background");
        }
    }

    private static void CheckMethod(RouteDraft route)
    {
        if (route.Match is not { } match) return;
        if (route.Effect == Effect.Read && match.Method is "PUT" or "PATCH" or "DELETE")
            route.Text.Complain(Rules.EffectMismatch, route.Text.PlaceOf(RouteSection.Effect),
                $"route {route.Id} is a read, but its method is {match.Method}", "effect: write");
        else if (route.Changes && match.Method is "GET" or "HEAD" or "OPTIONS")
            route.Text.Complain(Rules.EffectMismatch.Lesser(), route.Text.PlaceOf(RouteSection.Effect),
                $"route {route.Id} changes something by {match.Method}, which clients and caches take for safe", "use POST (RFC 9110 section 9.2.1)");
    }

    private static void CheckScopes(RouteDraft route)
    {
        if (!route.Changes || route.Access is not { Scopes: { Count: > 0 } scopes } || !scopes.All(s => NamesRead(s.Value))) return;
        route.Text.Complain(Rules.EffectMismatch, scopes[0].Place,
            $"route {route.Id} changes something, but asks only for {string.Join(", ", scopes.Select(s => s.Value))}",
            "ask for a scope that is named after the change");
    }

    private static void CheckUpgrade(RouteDraft route)
    {
        if (route.Upgrade is null) return;
        if (route.Match is { } match && match.Method != "GET")
            route.Text.Findings.Add(Rules.UnneededUpgrade, route.Text.PlaceOf(RouteSection.Upgrade),
                $"route {route.Id} is upgraded by {match.Method}, but WebSocket begins with GET (RFC 6455 section 4.1)");
        if (route.Text.FindOwn(RouteSection.Deadline) is { } deadline)
            route.Text.Findings.Add(Rules.Contradiction, deadline.Place, $"route {route.Id} is upgraded, and upgraded connections have no deadline",
                "leave 'deadline' out; the upstream's idle timeout ends them");
    }

    private static bool NamesRead(string scope)
    {
        var last = scope.AsSpan(scope.AsSpan().LastIndexOfAny(".:/_-") + 1);
        var first = scope.AsSpan(0, scope.AsSpan().IndexOfAny(".:/_-") is var end and >= 0 ? end : scope.Length);
        return last.Equals("read", StringComparison.OrdinalIgnoreCase) || first.Equals("read", StringComparison.OrdinalIgnoreCase);
    }
}
