using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration.Checks;

/// <summary>
/// Who may vouch for the name that a consumer is known by is decided. An authority that is pinned for one partner's certificates could otherwise make
/// one with another partner's name.
/// </summary>
internal static class CertificateAuthorities
{
    public static void Check(Draft draft)
    {
        if (draft.Listeners.Any(l => l.Value is null)) return; // one that could not be read may be the one
        var pinned = draft.Listeners.SelectMany(l => l.Value!.Tls?.Clients?.Files ?? []).Select(SourceFiles.Plain).ToHashSet(StringComparer.Ordinal);
        foreach (var consumer in draft.Consumers.Values)
        {
            foreach (var entry in consumer.Text.Get(ConsumerSection.Authenticate) ?? [])
            {
                if (entry.Certificate is not { Value.Name: { } name } certificate) continue;
                if (certificate.Value.Authority is { } authority)
                {
                    if (!pinned.Contains(authority))
                        draft.Findings.Add(Rules.UnknownReference, certificate.Place,
                            $"no listener has '{Show.Bounded(authority)}' among its clientAuthorities", "authority: one of their files");
                }
                else if (pinned.Count > 1)
                    draft.Findings.Add(Rules.ClientCertificates, certificate.Place,
                        $"any of {pinned.Count} files of authorities could vouch for '{Show.Bounded(name)}'",
                        "authority: FILE, the one of clientAuthorities");
            }
        }
    }
}
