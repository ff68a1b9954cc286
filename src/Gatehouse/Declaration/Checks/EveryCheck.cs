namespace Gatehouse.Declaration.Checks;

/// <summary>
/// The checks that look at more than one key at a time, one theme each. Every one of them runs, whatever the others found: all that is
/// wrong is said at once.
/// </summary>
internal static class EveryCheck
{
    public static void Run(Draft draft)
    {
        IncludeBounds.Check(draft);
        ListeningPoints.Check(draft);
        ListenerInterlock.Check(draft);
        ListenerClients.Check(draft);
        DeniedNetworks.Check(draft);
        Keys.Check(draft);
        Registers.Check(draft);
        Issuers.Check(draft);
        SharedIssuers.Check(draft);
        Proofs.Check(draft);
        RouteAssertions.Check(draft);
        RouteAudits.Check(draft);
        RouteDecisions.Check(draft);
        RouteReferences.Check(draft);
        RouteAccess.Check(draft);
        RouteGrants.Check(draft);
        RoutePeople.Check(draft);
        RouteEffects.Check(draft);
        RouteRepeats.Check(draft);
        RouteVariants.Check(draft);
        RoutePaths.Check(draft);
        RouteListeners.Check(draft);
        CertificateCalls.Check(draft);
        CertificateAuthorities.Check(draft);
        RouteClashes.Check(draft);
        RouteLookalikes.Check(draft);
        RouteLifecycles.Check(draft);
        RouteReviews.Check(draft);
        RoutePolicies.Check(draft);
        RouteStores.Check(draft);
        Authorisers.Check(draft);
        SharedStores.Check(draft);
        Destinations.Check(draft);
        Usage.Check(draft);
        ContractCoverage.Check(draft);
        Waivers.Check(draft); // last: only now it is known which were needed
    }
}
