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

        var issuers = draft.Consumers.Values.SelectMany(c => c.Text.Get(ConsumerSection.Authenticate) ?? [])
            .Select(a => a.Token?.Value.Issuer).ToHashSet(StringComparer.Ordinal);
        var isEveryEntryRead = draft.Consumers.Values.All(
            c => !c.Text.Has(ConsumerSection.Authenticate) || c.Text.Get(ConsumerSection.Authenticate) is not null);
        foreach (var issuer in draft.Issuers.Values)
            if (isEveryEntryRead && !issuers.Contains(issuer.Name))
                draft.Findings.Add(Rules.Unused, issuer.Place, $"no consumer calls with a token of issuer {issuer.Name}",
                    "remove it, or name it in a consumer's token");

        var upstreams = draft.Routes.SelectMany(r => r.Upstreams).Select(u => u.Value).ToHashSet(StringComparer.Ordinal);
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
