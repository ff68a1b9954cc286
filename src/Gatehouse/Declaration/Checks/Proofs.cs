using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration.Checks;

/// <summary>What proves one consumer proves no other, and whoever issues tokens is declared.</summary>
internal static class Proofs
{
    public static void Check(Draft draft)
    {
        var holders = new Dictionary<object, (string Consumer, Place Place)>();
        foreach (var consumer in draft.Consumers.Values)
        {
            foreach (var entry in consumer.Text.Get(ConsumerSection.Authenticate) ?? [])
            {
                if (entry.Token is { } token)
                {
                    CheckIssuer(token.Value.Issuer, token.Place, draft);
                    CheckHolder(holders, consumer.Name, token.Value, token.Place,
                        $"the token of client '{Show.Bounded(token.Value.ClientId)}'", draft.Findings);
                }

                if (entry.Certificate is { } certificate)
                    CheckHolder(holders, consumer.Name, certificate.Value.Proof, certificate.Place,
                        $"the certificate '{Show.Bounded(certificate.Value.Proof)}'", draft.Findings);
            }
        }

        foreach (var people in draft.People) CheckIssuer(people.Value.Issuer.Value, people.Value.Issuer.Place, draft);
    }

    /// <summary>Two consumers with one proof: which of them calls, and with which grants, nobody could say.</summary>
    private static void CheckHolder(
        Dictionary<object, (string Consumer, Place Place)> holders, string consumer, object proof, Place place, string what, Findings findings)
    {
        if (holders.TryAdd(proof, (consumer, place)) || holders[proof].Consumer == consumer) return;
        findings.Add(Rules.KeyLife, place, $"{what} of {consumer} is what proves {holders[proof].Consumer} already, at {holders[proof].Place}",
            $"give {consumer} a credential of its own");
    }

    private static void CheckIssuer(string issuer, Place place, Draft draft)
    {
        if (draft.IssuerNames.Contains(issuer)) return;
        draft.Findings.Add(Rules.UnknownReference, place, $"there is no issuer '{Show.Bounded(issuer)}'",
            draft.Findings.IsFull ? null : Nearest.Hint(issuer, draft.IssuerNames) ?? "declare it in 'issuers'");
    }
}
