using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration.Checks;

/// <summary>The people that routes name exist, and somebody could speak for them.</summary>
internal static class RoutePeople
{
    public static void Check(Draft draft)
    {
        foreach (var route in draft.Routes)
        {
            if (route.Access is not { } access) continue;
            foreach (var people in access.People) CheckGroup(people, route, access, draft);
            if (access.Claims is { } claims && Issuers(access, draft) is { Count: 0 } && access.Consumers.Count > 0)
                route.Text.Findings.Add(Rules.Contradiction, claims.Place,
                    $"route {route.Id} asks for claims, but none of its consumers calls with a token",
                    "leave 'claims' out, or give a consumer a token");
            CheckCounting(route, access, draft);
        }
    }

    /// <summary>A call for a person passes only where people are named, or nobody has to be known; there it is counted as that person's.</summary>
    private static void CheckCounting(RouteDraft route, AccessText access, Draft draft)
    {
        if (access.SaysPeople || (access.SaysAnonymous && draft.IssuerNames.Count > 0)) return;
        foreach (var kind in draft.Kinds)
            if (kind.CountsPersonsAt(route.Specs) is { } place)
                draft.Findings.Add(Rules.Contradiction.Lesser(), place,
                    $"route {route.Id} counts per person, but no call of it is made for one, so it counts per "
                    + (access.SaysAnonymous ? "address" : "consumer"),
                    access.SaysAnonymous ? "per: address; or declare 'issuers'" : "per: consumer; or people: [NAME], in the route's access");
    }

    private static void CheckGroup(Located<string> people, RouteDraft route, AccessText access, Draft draft)
    {
        if (people.Value.Contains('*', StringComparison.Ordinal)) return; // said already
        if (!draft.PeopleNames.Contains(people.Value))
            draft.Findings.Add(Rules.UnknownReference, people.Place, $"there are no people '{people.Value}'",
                draft.Findings.IsFull ? null : Nearest.Hint(people.Value, draft.PeopleNames) ?? "declare them in 'people'");
        else if (draft.People.FirstOrDefault(p => p.Name == people.Value)?.Value is { } group
            && draft.IssuerNames.Contains(group.Issuer.Value)
            && access.Consumers.Count > 0
            && Issuers(access, draft) is { } issuers
            && !issuers.Contains(group.Issuer.Value))
            route.Text.Findings.Add(Rules.Contradiction, people.Place,
                $"none of the consumers of route {route.Id} calls with a token of '{group.Issuer.Value}', who could speak for {people.Value}",
                "leave these people out, or give a consumer such a token");
    }

    /// <summary>The issuers whose tokens the route's consumers call with; null when a consumer could not be read.</summary>
    private static HashSet<string>? Issuers(AccessText access, Draft draft)
    {
        var issuers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in access.Consumers)
        {
            if (!draft.Consumers.TryGetValue(name.Value, out var consumer) || consumer.Value is null) return null;
            foreach (var entry in consumer.Value.Authenticate)
                if (entry.Token is { } token) issuers.Add(token.Issuer);
        }

        return issuers;
    }
}
