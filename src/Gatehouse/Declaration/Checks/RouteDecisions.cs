using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>The decisions that every route needs, and those that some need.</summary>
internal static class RouteDecisions
{
    public static void Check(Draft draft)
    {
        foreach (var route in draft.Routes)
        {
            foreach (var (key, what) in Mandatory)
                if (!route.Text.Has(key)) Miss(route, key, what);
            if (!route.Text.Has(RouteSection.Consequence) && WhyConsequence(route) is { } why)
                Miss(route, RouteSection.Consequence, $"what follows if it goes wrong, because {why}");
            CheckBackend(route);
        }
    }

    private static readonly (Key Key, string What)[] Mandatory =
    [
        (RouteSection.Owner, "who answers for it"),
        (RouteSection.Purpose, "what it is for"),
        (RouteSection.Exposure, "who it is meant for"),
        (RouteSection.PersonalData, "whether it touches personal data"),
        (RouteSection.Effect, "what a call does"),
    ];

    private static void Miss(RouteDraft route, Key key, string what) =>
        route.Text.Complain(Rules.MissingDecision, route.Place, $"route {route.Id} does not say {what}", $"{key.Name}: {key.Doc}");

    private static string? WhyConsequence(RouteDraft route) =>
        route.Changes ? "it changes something"
        : route.TouchesPeople ? "it touches personal data"
        : route.Exposure is Exposure.Partner or Exposure.Administrative ? $"it is {DecisionShapes.Word(route.Exposure.Value)}"
        : null;

    private static void CheckBackend(RouteDraft route)
    {
        if (!route.Changes && !route.TouchesPeople) return;
        var why = route.Changes ? "it changes something" : "it touches personal data";
        if (!route.Text.Has(RouteSection.BackendChecks))
            Miss(route, RouteSection.BackendChecks, $"what the backend checks for itself, because {why}");
        else if (route.BackendChecks is BackendChecks.None)
            route.Text.Complain(Rules.UncheckedBackend, route.Text.PlaceOf(RouteSection.BackendChecks),
                $"the backend of route {route.Id} checks nothing, although {why}",
                "let it check each object or each service, or set the rule aside for a while with 'waive'");
    }
}
