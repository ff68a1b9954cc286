using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration.Checks;

/// <summary>What is declared is used.</summary>
internal static class Usage
{
    public static void Check(Draft draft)
    {
        var people = draft.Routes.SelectMany(r => r.Access?.People ?? []).Select(p => p.Value).ToHashSet(StringComparer.Ordinal);
        foreach (var group in draft.People)
            if (!people.Contains(group.Name))
                draft.Findings.Add(Rules.Unused, group.NamePlace, $"no route names the people {group.Name}",
                    "remove them, or name them in a route's access");

        var upstreams = draft.Routes.Select(r => r.Upstream?.Value).ToHashSet(StringComparer.Ordinal);
        foreach (var upstream in draft.Upstreams.Values)
            if (!upstreams.Contains(upstream.Name))
                draft.Findings.Add(Rules.Unused, upstream.Place, $"no route uses upstream {upstream.Name}", "remove it, or declare its routes");

        var consumers = draft.Routes.SelectMany(r => r.Access?.Consumers ?? []).Select(c => c.Value).ToHashSet(StringComparer.Ordinal);
        foreach (var consumer in draft.Consumers.Values)
        {
            if (!consumers.Contains(consumer.Name))
                draft.Findings.Add(
                    Rules.Unused, consumer.Place, $"no route admits consumer {consumer.Name}", "remove it, or name it in a route's access");
            else if (!consumer.Text.Has(ConsumerSection.Grants) && consumer.Value?.Authenticate.All(a => a.Token is not null) != true)
                draft.Findings.Add(Rules.Unused, consumer.Place, $"consumer {consumer.Name} is granted no scope", "grants: [orders.read]");
        }
    }
}
