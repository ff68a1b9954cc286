using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration.Checks;

/// <summary>Consumers, people and scopes are named one by one, and whoever is named could really call.</summary>
internal static class RouteGrants
{
    public static void Check(Draft draft)
    {
        foreach (var consumer in draft.Consumers.Values)
            foreach (var grant in consumer.Text.Get(ConsumerSection.Grants) ?? [])
                if (grant.Contains('*', StringComparison.Ordinal))
                    draft.Findings.Add(Rules.Wildcard, consumer.Text.PlaceOf(ConsumerSection.Grants),
                        $"'{grant}' would grant {consumer.Name} what nobody has thought of", "name each scope");

        foreach (var route in draft.Routes)
        {
            if (route.Access is not { } access) continue;
            var names = access.Consumers.Concat(access.People).Concat(access.Scopes);
            foreach (var name in names.Where(n => n.Value.Contains('*', StringComparison.Ordinal)))
                draft.Findings.Add(
                    Rules.Wildcard, name.Place, $"'{name.Value}' stands for what nobody has thought of", "name each of them");
            foreach (var name in access.Consumers) CheckCaller(name, access, draft);
            foreach (var scope in access.Scopes) CheckScope(scope, route, access, draft);
        }
    }

    private static void CheckCaller(Located<string> name, AccessText access, Draft draft)
    {
        if (!draft.Consumers.TryGetValue(name.Value, out var consumer) || consumer.Text.Has(ConsumerSection.Authenticate)) return;
        draft.Findings.Add(Rules.NoAccess, name.Place, $"consumer {name.Value} has nothing to prove itself with, so it could never call",
            $"give it 'authenticate' at {consumer.Place}");
    }

    /// <summary>Every scope is needed, so one that none of the consumers holds closes the route to all of them.</summary>
    private static void CheckScope(Located<string> scope, RouteDraft route, AccessText access, Draft draft)
    {
        if (scope.Value.Contains('*', StringComparison.Ordinal) || access.Consumers.Count == 0) return;
        var granted = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var name in access.Consumers)
        {
            if (!draft.Consumers.TryGetValue(name.Value, out var consumer) || consumer.Value is null) return; // what is unknown may hold it
            if (!consumer.Value.BoundsTokens && consumer.Value.Authenticate.Any(a => a.Token is not null)) return; // its tokens may hold it
            granted.UnionWith(consumer.Value.Grants.Select(g => g.Value));
        }

        if (!granted.Contains(scope.Value))
            draft.Findings.Add(Rules.UnknownReference, scope.Place, $"none of the consumers of route {route.Id} holds the scope '{scope.Value}'",
                Nearest.Hint(scope.Value, granted) ?? $"grants: [{scope.Value}], at one of them");
    }
}
