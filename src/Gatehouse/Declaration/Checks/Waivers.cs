using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>Waivers name rules that can be set aside, end within a year, have not ended, and are needed.</summary>
internal static class Waivers
{
    public static void Check(Draft draft)
    {
        foreach (var route in draft.Routes)
        {
            var unneeded = route.Waivers.Unneeded.ToHashSet(ReferenceEqualityComparer.Instance);
            foreach (var waiver in route.Waivers.All) Check(waiver, unneeded.Contains(waiver), route, draft);
        }
    }

    private static void Check(Waiver waiver, bool unneeded, RouteDraft route, Draft draft)
    {
        var findings = draft.Findings;
        if (Rules.Find(waiver.Rule) is not { } rule)
            findings.Add(Rules.WaiverHolds, waiver.Place, $"there is no rule {waiver.Rule}",
                Nearest.Hint(waiver.Rule, Rules.All.Where(r => r.Waivable).Select(r => r.Id)));
        else if (!rule.Waivable)
            findings.Add(Rules.WaiverHolds, waiver.Place, $"{rule.Id} ({rule.Title}) cannot be set aside");
        else if (waiver.Until <= draft.Today)
            findings.Add(Rules.WaiverHolds, waiver.Place, $"the waiver of {rule.Id} for route {route.Id} ended on {waiver.Until:yyyy-MM-dd}",
                "mend the route, or decide again");
        else if (waiver.Until > draft.Today.AddYears(1))
            findings.Add(Rules.WaiverHolds, waiver.Place, $"the waiver of {rule.Id} for route {route.Id} ends more than a year from now",
                "until: a day within a year");
        else if (unneeded)
            findings.Add(Rules.WaiverHolds.Lesser(), waiver.Place, $"route {route.Id} does not need the waiver of {rule.Id}", "remove it");
    }
}
