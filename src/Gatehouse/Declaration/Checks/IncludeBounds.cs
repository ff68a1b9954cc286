using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration.Checks;

/// <summary>What an included file says stays inside the bounds that it was given.</summary>
internal static class IncludeBounds
{
    public static void Check(Draft draft)
    {
        foreach (var route in draft.Routes)
            foreach (var bounds in BoundsOf(route.Place, draft))
                Check(route, bounds, draft.Findings);

        foreach (var upstream in draft.Upstreams.Values)
            foreach (var bounds in BoundsOf(upstream.Place, draft))
                if (bounds.Upstreams?.Contains(upstream.Name) == false)
                    Say(
                        draft.Findings,
                        upstream.Place,
                        $"this file may not declare the upstream {upstream.Name}, only {string.Join(", ", bounds.Upstreams.Order(StringComparer.Ordinal))}",
                        bounds);

        foreach (var consumer in draft.Consumers.Values)
            foreach (var bounds in BoundsOf(consumer.Place, draft))
                if (!bounds.Consumers.Contains(consumer.Name))
                    Say(draft.Findings, consumer.Place, $"this file may not declare the consumer {consumer.Name}", bounds);
    }

    private static IReadOnlyList<Bounds> BoundsOf(Place place, Draft draft) => draft.Bounds.GetValueOrDefault(place.File) ?? [];

    private static void Check(RouteDraft route, Bounds bounds, Findings findings)
    {
        if (bounds.Paths is { } paths && route.Match is { } match && !paths.Any(p => IsWithin(match.Path.Text, p)))
            Say(
                findings,
                route.MatchPlace,
                $"route {route.Id} takes {Show.Bounded(match.Path.Text)}, which is not within {string.Join(", ", paths)}",
                bounds);
        if (bounds.Exposures is { } exposures && route.Exposure is { } exposure && !exposures.Contains(exposure))
            Say(
                findings,
                route.Text.PlaceOf(RouteSection.Exposure),
                $"route {route.Id} is {DecisionShapes.Word(exposure)}, and this file may only have {string.Join(", ", exposures.Order().Select(DecisionShapes.Word))}",
                bounds);
        foreach (var upstream in route.Upstreams)
            if (bounds.Upstreams is { } upstreams && !upstreams.Contains(upstream.Value))
                Say(
                    findings,
                    upstream.Place,
                    $"route {route.Id} uses the upstream {upstream.Value}, and this file may only use {string.Join(", ", upstreams.Order(StringComparer.Ordinal))}",
                    bounds);
    }

    /// <summary>Templates and bounds are in normal form, so that what a template's text begins with is what every path of it begins with.</summary>
    private static bool IsWithin(string template, string bound) =>
        template.StartsWith(bound, StringComparison.Ordinal) && (template.Length == bound.Length || template[bound.Length] == '/');

    private static void Say(Findings findings, Place place, string message, Bounds bounds) =>
        findings.Add(Rules.Bounds, place, message, $"the bounds stand at {bounds.Place}");
}
