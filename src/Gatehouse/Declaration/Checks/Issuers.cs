using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Tokens;

namespace Gatehouse.Declaration.Checks;

/// <summary>Issuers say enough to be believed, and are asked safely.</summary>
internal static class Issuers
{
    private static readonly TimeSpan LongLife = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestLife = TimeSpan.FromHours(24);
    private static readonly TimeSpan MostSkew = TimeSpan.FromSeconds(60);

    private static readonly IPNetwork[] LinkLocal = [IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("fe80::/10")];

    private static readonly IPNetwork[] Inside =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"),
        IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("::/127"),
    ];

    public static void Check(Draft draft)
    {
        string? asked = null;
        foreach (var issuer in draft.Issuers.Values)
        {
            CheckDecisions(issuer);
            CheckAlgorithms(issuer);
            CheckTimes(issuer);
            CheckAddresses(issuer);
            if (!issuer.Text.Has(IssuerSection.Introspection)) continue;
            if (asked is not null)
                issuer.Text.Complain(
                    Rules.Contradiction, IssuerSection.Introspection,
                    $"issuer {asked} is asked about tokens already: nobody could say which of the two a token is from");
            asked = issuer.Name;
        }
    }

    private static void CheckDecisions(Drafted<Issuer> issuer)
    {
        var text = issuer.Text;
        if (!text.Has(IssuerSection.Identifier))
            text.Findings.Add(
                Rules.IssuerDecision, text.Place, $"issuer {issuer.Name} does not say who it is", "issuer: \"https://id.retailer.example\"");
        if (!text.Has(IssuerSection.Audiences))
            text.Findings.Add(
                Rules.IssuerDecision, text.Place, $"issuer {issuer.Name} does not say whom its tokens are for", "audiences: [retailer-apis]");
        var (isAsked, hasKeys) = (text.Has(IssuerSection.Introspection), text.Has(IssuerSection.Keys));
        if (!isAsked && !text.Has(IssuerSection.Algorithms))
            text.Findings.Add(
                Rules.IssuerDecision, text.Place, $"issuer {issuer.Name} does not say how its tokens are signed", "algorithms: [ES256]");
        if (!isAsked && !hasKeys)
            text.Findings.Add(Rules.IssuerDecision, text.Place, $"issuer {issuer.Name} does not say where its keys are", "keys: { discovery: true }");
        if (!isAsked) return;
        foreach (var key in (Key[])[IssuerSection.Keys, IssuerSection.Algorithms, IssuerSection.Profile])
            if (text.Has(key))
                text.Complain(
                    Rules.Contradiction, key, $"issuer {issuer.Name} is asked about each token, so that '{key.Name}' would not hold",
                    "leave one of the two out");
    }

    private static void CheckAlgorithms(Drafted<Issuer> issuer)
    {
        var written = issuer.Text.Get(IssuerSection.Algorithms) ?? [];
        foreach (var one in written)
        {
            if (!SigningAlgorithms.TryRead(one.Value, out var algorithm)) continue;
            foreach (var other in written)
            {
                if (!SigningAlgorithms.TryRead(other.Value, out var second) || algorithm > second) continue;
                if (!SigningAlgorithms.ShareKeys(algorithm, second)) continue;
                issuer.Text.Findings.Add(
                    Rules.TokenAlgorithm, other.Place, $"{one.Value} and {other.Value} use the same keys in two ways", "name one family: RS or PS");
                return;
            }
        }
    }

    private static void CheckTimes(Drafted<Issuer> issuer)
    {
        var text = issuer.Text;
        var lifetime = text.Get(IssuerSection.Lifetime, Issuer.UsualLifetime);
        if (lifetime > LongLife)
            text.Complain(lifetime > LongestLife ? Rules.TokenTimes : Rules.TokenTimes.Lesser(), IssuerSection.Lifetime,
                $"tokens of issuer {issuer.Name} may live for {Units.Write(lifetime)}", "lifetime: 1h");
        var skew = text.Get(IssuerSection.Skew, Issuer.UsualSkew);
        if (skew > MostSkew)
            text.Complain(
                Rules.TokenTimes, IssuerSection.Skew, $"a 'skew' of {Units.Write(skew)} takes tokens long after their end",
                "skew: 30s; and keep clocks in step");
    }

    private static void CheckAddresses(Drafted<Issuer> issuer)
    {
        var text = issuer.Text;
        var hosts = text.Get(IssuerSection.Hosts) ?? [];
        var keys = text.Get(IssuerSection.Keys);
        if (keys?.Jwks is { } jwks) CheckAddress(issuer, jwks, hosts);
        if (text.Get(IssuerSection.Introspection) is { } introspection) CheckAddress(issuer, introspection.Endpoint, hosts);
        if (keys is not { Discovery: true } || text.Find(IssuerSection.Identifier) is not { } identifier) return;
        if (WebAddressShape.MayNameUser(identifier.Value))
        {
            WebAddressShape.RefuseUser(identifier.Place, text.Findings);
            return;
        }

        if (Uri.TryCreate(identifier.Value, UriKind.Absolute, out var home) && home.Scheme is "https" or "http" && home.Query.Length == 0)
            CheckAddress(issuer, identifier, hosts);
        else
            text.Complain(
                Rules.IssuerDecision, IssuerSection.Keys,
                $"issuer {issuer.Name} cannot be discovered: '{Show.Bounded(identifier.Value)}' is no address",
                "keys: { jwks: \"https://…\" }");
    }

    private static void CheckAddress(Drafted<Issuer> issuer, Located<string> address, IReadOnlyList<string> hosts)
    {
        var uri = new Uri(address.Value);
        var ip = AddressText.TryReadAddress(uri.Host.Trim('[', ']'), out var parsed) ? parsed : null;
        var findings = issuer.Text.Findings;
        if (ip is not null && Array.Exists(LinkLocal, n => n.Contains(ip)))
            findings.Add(Rules.ForbiddenDestination, address.Place, $"{Show.Bounded(address.Value)} is link-local or a metadata service");
        if (uri.Scheme != "https" && !uri.IsLoopback)
            findings.Add(
                Rules.KeyAddress, address.Place, $"issuer {issuer.Name} would be asked in cleartext at {Show.Bounded(address.Value)}", "https://…");
        var isInside = uri.IsLoopback || (ip is not null && Array.Exists(Inside, n => n.Contains(ip)));
        if (isInside && !hosts.Contains(uri.Host, StringComparer.OrdinalIgnoreCase))
            findings.Add(
                Rules.KeyAddress, address.Place, $"issuer {issuer.Name} would be asked inside the network, at {Show.Bounded(uri.Host)}",
                $"if that is meant: hosts: [\"{Show.Bounded(uri.Host)}\"]");
    }
}
