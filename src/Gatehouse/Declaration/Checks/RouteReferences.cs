using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration.Checks;

/// <summary>The upstreams and consumers that routes name exist.</summary>
internal static class RouteReferences
{
    public static void Check(Draft draft)
    {
        foreach (var route in draft.Routes)
        {
            CheckUpstream(route, draft);
            foreach (var consumer in route.Access?.Consumers ?? [])
            {
                if (consumer.Value == "*" || draft.ConsumerNames.Contains(consumer.Value)) continue;
                draft.Findings.Add(Rules.UnknownReference, consumer.Place, $"there is no consumer '{consumer.Value}'",
                    Hint(consumer.Value, draft.ConsumerNames, draft.Findings));
            }
        }
    }

    private static void CheckUpstream(RouteDraft route, Draft draft)
    {
        if (!route.Text.Has(RouteSection.Upstream))
            draft.Findings.Add(Rules.MissingDecision, route.Place, $"route {route.Id} does not say which upstream answers",
                "upstream: NAME, in the api or the route");
        foreach (var upstream in route.Upstreams)
            if (!draft.UpstreamNames.Contains(upstream.Value))
                draft.Findings.Add(Rules.UnknownReference, upstream.Place, $"there is no upstream '{upstream.Value}'",
                    Hint(upstream.Value, draft.UpstreamNames, draft.Findings));
    }

    private static string? Hint(string written, IEnumerable<string> known, Findings findings) =>
        findings.IsFull ? null : Nearest.Hint(written, known);
}
