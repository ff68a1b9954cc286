using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Declaration.Sections;
using Gatehouse.Tokens;

namespace Gatehouse.Declaration.Checks;

/// <summary>Whoever has to come with a client certificate comes where one is asked for.</summary>
internal static class CertificateCalls
{
    public static void Check(Draft draft)
    {
        if (draft.Listeners.Any(l => l.Value is null)) return; // one that could not be read may be the one
        var heard = new HashSet<string>(StringComparer.Ordinal);
        var closed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var route in draft.Routes)
        {
            if (route.Exposure is null || route.Access is not { } access) continue;
            var asks = MayAsk(route, draft);
            foreach (var name in access.Consumers)
            {
                if (!draft.Consumers.TryGetValue(name.Value, out var consumer) || consumer.Value is not { Authenticate.Count: > 0 } read) continue;
                (asks ? heard : closed).Add(name.Value);
                if (!asks && read.Authenticate.All(a => Needs(a, draft)))
                    draft.Findings.Add(Rules.NoAccess, name.Place,
                        $"consumer {name.Value} calls with a client certificate, which no listener that serves route {route.Id} asks for, "
                        + "so it could never call",
                        "tls: { clientAuthorities: [FILE], … }, at such a listener");
            }
        }

        foreach (var consumer in draft.Consumers.Values)
        {
            if (heard.Contains(consumer.Name) || !closed.Contains(consumer.Name)) continue;
            foreach (var entry in consumer.Text.Get(ConsumerSection.Authenticate) ?? [])
                if (entry.Certificate is { } certificate)
                    draft.Findings.Add(Rules.Unused, certificate.Place,
                        $"no listener that serves a route of {consumer.Name} asks for a client certificate, so this never holds",
                        "remove the entry; or clientAuthorities: [FILE], at such a listener");
        }
    }

    /// <summary>Whether a listener that serves the route asks for a certificate, as far as its text could be read.</summary>
    private static bool MayAsk(RouteDraft route, Draft draft)
    {
        foreach (var written in draft.Listeners)
        {
            var listener = written.Value!;
            if (!listener.Serves.Contains(route.Exposure!.Value)) continue;
            if (route.Match is { Hosts: { Count: > 0 } hosts } && !hosts.Any(listener.Hosts.Contains)) continue;
            if (written.Text.Has(ListenerSection.Tls) && written.Text.Get(ListenerSection.Tls) is not { Authorities.Count: 0 }) return true;
        }

        return false;
    }

    private static bool Needs(Authentication entry, Draft draft) =>
        entry.Certificate is not null
        || (entry.Token is { } token && draft.Issuers.GetValueOrDefault(token.Issuer)?.Value is { Bound: TokenBond.Certificate });
}
