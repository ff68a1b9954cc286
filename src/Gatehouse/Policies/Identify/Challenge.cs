using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Tokens;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Identify;

/// <summary>
/// What <c>WWW-Authenticate</c> says on a route (RFC 9110 section 11.6.1, RFC 6750 section 3): how its consumers prove themselves, and one word
/// about a token, the same whatever is wrong with it.
/// </summary>
internal sealed class Challenge
{
    private const string Realm = " realm=\"gatehouse\"";

    /// <summary>RFC 9449 section 5.1: how a proof may be signed.</summary>
    private static readonly string Algorithms = $", algs=\"{string.Join(' ', SigningAlgorithms.All.Select(SigningAlgorithms.Word))}\"";

    private readonly StringValues _plain;
    private readonly StringValues _invalidToken;
    private readonly StringValues _insufficientScope;

    private Challenge(IReadOnlyList<string> schemes, string scope)
    {
        _plain = Render(schemes, "", scope);
        _invalidToken = Render(schemes, ", error=\"invalid_token\"", scope);
        _insufficientScope = Render([.. schemes.Where(IsOfTokens)], ", error=\"insufficient_scope\"", scope);
    }

    /// <summary>For a route: by the consumers that it names; where it names none, by all.</summary>
    /// <param name="proofOf">Whether tokens of an issuer come with a proof of possession (RFC 9449).</param>
    public static (string Sameness, Func<Challenge> Make) For(Route route, ConsumerDirectory consumers, Func<string, bool> proofOf)
    {
        var named = route.Access.Consumers.Select(consumers.Find).OfType<Consumer>().ToList();
        var entries = (named.Count > 0 ? named : consumers.All).SelectMany(c => c.Authenticate).ToList();
        var issuers = entries.Select(e => e.Token?.Issuer).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        List<string> schemes = [];
        if (issuers.Any(i => !proofOf(i))) schemes.Add("Bearer");
        if (issuers.Any(proofOf)) schemes.Add("DPoP");
        if (entries.Any(e => e.Kinds.Have(CredentialKinds.ApiKey))) schemes.Add("ApiKey"); // not registered; nothing that is would be true
        if (schemes.Count == 0) schemes.Add(entries.Any(e => e.Certificate is not null) ? "Certificate" : "ApiKey"); // a 401 has one
        var scope = string.Join(' ', route.Access.Scopes.Select(s => s.Value));
        return ($"{string.Join(' ', schemes)}/{scope}", () => new Challenge(schemes, scope));
    }

    /// <summary>Adds the field to a refusal that calls for it.</summary>
    public void Add(Exchange exchange)
    {
        if (exchange.Problem is not { } problem) return;
        var token = exchange.Presented.Have(CredentialKinds.Token);
        if (problem.Status == 401)
            exchange.ResponseHeaders.WWWAuthenticate = token && ReferenceEquals(problem, Problems.Unauthenticated) ? _invalidToken : _plain;
        else if (token && ReferenceEquals(problem, Problems.InsufficientScope))
            exchange.ResponseHeaders.WWWAuthenticate = _insufficientScope;
    }

    private static bool IsOfTokens(string scheme) => scheme is "Bearer" or "DPoP";

    private static StringValues Render(IReadOnlyList<string> schemes, string error, string scope) =>
        new([.. schemes.Select(s => !IsOfTokens(s) ? s + Realm
            : s + Realm + error + (scope.Length > 0 ? $", scope=\"{scope}\"" : "") + (s == "DPoP" ? Algorithms : ""))]);
}
