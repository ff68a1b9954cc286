using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>
/// Every route says who may call it, anonymous calls only read what is public, and a key alone opens neither personal data nor changes.
/// </summary>
internal static class RouteAccess
{
    public static void Check(Draft draft)
    {
        foreach (var route in draft.Routes)
        {
            if (!route.Text.Has(RouteSection.Access))
                route.Text.Complain(
                    Rules.NoAccess, route.Place, $"route {route.Id} does not say who may call it", "access: { consumers: [NAME], scopes: [SCOPE] }");
            if (route.Access is not { } access) continue;
            if (access.SaysAnonymous) CheckAnonymous(route, access);
            else if (!access.SaysConsumers)
                route.Text.Complain(
                    Rules.NoAccess, access.Place, $"the access of route {route.Id} admits nobody", "consumers: [NAME], or anonymous: REASON");
            else CheckKeyAlone(route, access, draft);
        }
    }

    private static void CheckAnonymous(RouteDraft route, AccessText access)
    {
        if (access.SaysConsumers || access.Scopes.Count > 0 || access.SaysPeople || access.SaysClaims)
            route.Text.Findings.Add(
                Rules.Contradiction, access.Place, $"route {route.Id} cannot admit anybody and ask for consumers, people, scopes or claims",
                "keep one of them");
        var place = access.Anonymous?.Place ?? access.Place;
        if (route.TouchesPeople)
            route.Text.Findings.Add(
                Rules.Anonymous, place, $"route {route.Id} gives personal data to anybody", "access: { consumers: [NAME], scopes: [SCOPE] }");
        else if (route.Exposure is Exposure.Partner or Exposure.Administrative)
            route.Text.Findings.Add(Rules.Anonymous, place, $"route {route.Id} is {DecisionShapes.Word(route.Exposure.Value)}, and admits anybody",
                "access: { consumers: [NAME], scopes: [SCOPE] }");
        else if (route.Changes || route.Exposure == Exposure.Internal)
            route.Text.Complain(
                Rules.Anonymous, place, $"route {route.Id} {(route.Changes ? "changes something" : "is internal")}, and admits anybody",
                "access: { consumers: [NAME], scopes: [SCOPE] }; or set the rule aside for a while with 'waive'");
    }

    private static void CheckKeyAlone(RouteDraft route, AccessText access, Draft draft)
    {
        if (!route.Changes && !route.TouchesPeople) return;
        if (access.SaysPeople || access.SaysClaims) return; // a key speaks for nobody and has no claims: alone it opens nothing
        var byKey = access.Consumers.Where(c => draft.Consumers.TryGetValue(c.Value, out var consumer) && consumer.Value is { } read
            && read.Authenticate.Any(a => a.Kinds == Consumers.CredentialKinds.ApiKey)).ToList();
        if (byKey.Count == 0) return;
        route.Text.Complain(Rules.KeyAlone, access.Place,
            $"route {route.Id} {(route.Changes ? "changes something" : "touches personal data")}, "
            + $"and a key alone lets in {string.Join(", ", byKey.Select(c => c.Value))}",
            "let it call with a token or a client certificate, alone or beside the key; or set the rule aside for a while with 'waive'");
    }
}
