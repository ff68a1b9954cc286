using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration;

/// <summary>Whether tokens of the declared environment would be good in another one.</summary>
internal static class SharedAudiences
{
    /// <param name="declared">An issuer as it is declared.</param>
    /// <param name="here">The same issuer as it is in the environment.</param>
    /// <param name="place">Where the environment says something of it, or begins.</param>
    /// <param name="environments">The environment of the declaration, and the other one.</param>
    public static void Check(
        string issuer, MapNode declared, MapNode here, Place place, (string Declared, string Here) environments, Findings findings)
    {
        if (environments.Declared == environments.Here) return;
        var audiences = AudiencesOf(here);
        if (AudiencesOf(declared).Find(audiences.Contains) is not { } shared) return;
        var (audience, from) = (Show.Bounded(shared), Show.Bounded(environments.Declared));
        var hint = $"issuers: {{ {Show.Bounded(issuer)}: {{ audiences: [{environments.Here}-…] }} }}, in the environment";
        if (IdentifierOf(declared) == IdentifierOf(here))
            findings.Add(Rules.SharedIssuer, place,
                $"tokens of issuer {Show.Bounded(issuer)} for '{audience}' are good in {from} and in {environments.Here}", hint);
        else
            findings.Add(Rules.SharedIssuer.Lesser(), place,
                $"tokens of issuer {Show.Bounded(issuer)} are for '{audience}' in {from} and in {environments.Here}", hint);
    }

    private static List<string> AudiencesOf(MapNode issuer) =>
        [.. ((issuer[IssuerSection.Audiences.Name] as ListNode)?.Items ?? []).OfType<ScalarNode>().Select(a => a.Text)];

    private static string? IdentifierOf(MapNode issuer) => (issuer[IssuerSection.Identifier.Name] as ScalarNode)?.Text;
}
