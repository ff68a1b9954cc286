using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Tokens;

namespace Gatehouse.Declaration.Checks;

/// <summary>No two issuers could be taken for one another: each has an identifier and keys of its own.</summary>
internal static class SharedIssuers
{
    public static void Check(Draft draft)
    {
        var identifiers = new Dictionary<string, string>(StringComparer.Ordinal);
        var sets = new Dictionary<string, string>(StringComparer.Ordinal);
        var materials = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var issuer in draft.Issuers.Values)
        {
            if (issuer.Text.Get(IssuerSection.Identifier) is { } identifier && !identifiers.TryAdd(identifier, issuer.Name))
                issuer.Text.Complain(
                    Rules.SharedIssuer, IssuerSection.Identifier,
                    $"issuers {issuer.Name} and {identifiers[identifier]} are one issuer: what they say in 'iss' is the same",
                    "keep one of them; consumers and people tell its clients and persons apart");
            if (SetOf(issuer) is { } set && !sets.TryAdd(set, issuer.Name))
                issuer.Text.Complain(
                    Rules.SharedIssuer, IssuerSection.Keys, $"issuers {issuer.Name} and {sets[set]} have the same keys",
                    "each issuer signs with keys of its own");
            else CheckMaterials(issuer, materials);
        }
    }

    /// <summary>One key in two files: whoever holds it signs for both.</summary>
    private static void CheckMaterials(Drafted<Issuer> issuer, Dictionary<string, string> materials)
    {
        if (issuer.Value is not { Keys.Set: { } set } read || KeySet.TryRead(set, read.Algorithms, []) is not { } keys) return;
        foreach (var key in keys.All)
        {
            if (materials.TryAdd(key.Material, issuer.Name) || materials[key.Material] == issuer.Name) continue;
            issuer.Text.Complain(
                Rules.SharedIssuer, IssuerSection.Keys, $"issuers {issuer.Name} and {materials[key.Material]} have a key in common",
                "each issuer signs with keys of its own");
            return;
        }
    }

    /// <summary>Where the keys are, as far as two places are the same.</summary>
    private static string? SetOf(Drafted<Issuer> issuer) => issuer.Text.Get(IssuerSection.Keys) switch
    {
        { Jwks: { } address } => new Uri(address.Value).AbsoluteUri,
        { File: { } file } => SourceFiles.Beside(file.Place.File, file.Value),
        _ => null,
    };
}
