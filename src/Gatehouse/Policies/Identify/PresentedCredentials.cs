using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Tokens;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Identify;

/// <summary>What an exchange presents to prove who is calling: of each kind at most one.</summary>
internal readonly record struct PresentedCredentials
{
    private const string ApiKeyHeader = "X-Api-Key";
    private const string ProofHeader = "DPoP";

    public CredentialKinds Kinds { get; private init; }

    /// <summary>The key, when <see cref="Kinds"/> has one.</summary>
    public string ApiKey { get; private init; }

    public TokenScheme Scheme { get; private init; }

    /// <summary>The token, when <see cref="Kinds"/> has one.</summary>
    public string Token { get; private init; }

    /// <summary>The one proof of possession (RFC 9449) that came along, or null.</summary>
    public string? Proof { get; private init; }

    public ClientCertificate? Certificate { get; private init; }

    /// <summary>
    /// Takes the credentials off the request, so that none is forwarded; <c>Authorization</c> stays where the route forwards it. Refuses what can
    /// be read in more than one way and what nobody here can judge.
    /// </summary>
    /// <param name="forwards">Whether the route forwards <c>Authorization</c>: then a scheme that is not the gateway's is the backend's.</param>
    public static Verdict Take(Exchange exchange, bool forwards, out PresentedCredentials presented)
    {
        var headers = exchange.RequestHeaders;
        var (keys, authorization, proofs) = (headers[ApiKeyHeader], headers.Authorization, headers[ProofHeader]);
        presented = default;
        if (authorization.Count > 1) return Ambiguous("more than one Authorization");
        if (keys.Count > 1 || (keys.Count == 1 && keys[0].AsSpan().Contains(','))) return Ambiguous("more than one api key");
        if (proofs.Count > 1) return Ambiguous("more than one proof of possession");
        if (keys.Count > 0) headers.Remove(ApiKeyHeader);
        if (proofs.Count > 0) headers.Remove(ProofHeader);
        if (authorization.Count > 0 && !forwards) headers.Authorization = default;

        presented = new PresentedCredentials
        {
            Kinds = (keys.Count > 0 ? CredentialKinds.ApiKey : 0) | (exchange.Certificate is null ? 0 : CredentialKinds.Certificate),
            ApiKey = keys.Count > 0 ? keys[0] ?? "" : "",
            Token = "",
            Proof = proofs.Count > 0 ? proofs[0] ?? "" : null,
            Certificate = exchange.Certificate,
        };
        return authorization.Count == 0 ? Verdict.Continue : TakeToken(authorization, exchange.Connection, forwards, ref presented);
    }

    private static Verdict TakeToken(
        StringValues authorization, ConnectionMemory? connection, bool forwards, ref PresentedCredentials presented)
    {
        var text = authorization[0] ?? "";
        var space = text.AsSpan().IndexOf(' ');
        var name = space < 0 ? text : text.AsSpan(0, space);
        TokenScheme scheme;
        if (name.Equals("Bearer", StringComparison.OrdinalIgnoreCase)) scheme = TokenScheme.Bearer;
        else if (name.Equals("DPoP", StringComparison.OrdinalIgnoreCase)) scheme = TokenScheme.Dpop;
        else return forwards ? Verdict.Continue : Verdict.Reject(Problems.Unauthenticated, "authorization: a scheme that proves nobody here");
        if (text.AsSpan().Contains(',')) return Ambiguous("more than one token");

        presented = presented with
        {
            Kinds = presented.Kinds | CredentialKinds.Token,
            Scheme = scheme,
            Token = space < 0 ? "" : TokenIn(text, space, connection),
        };
        return Verdict.Continue;
    }

    /// <summary>
    /// What follows the scheme and its blanks (RFC 6750 section 2.1); for a token that came over the connection before, the same text.
    /// </summary>
    private static string TokenIn(string authorization, int space, ConnectionMemory? connection)
    {
        if (connection?.Token is { } kept && string.Equals(kept.Authorization, authorization, StringComparison.Ordinal)) return kept.Text;
        var text = authorization[space..].TrimStart(' ');
        if (connection is not null) connection.Token = new KeptToken(authorization, text);
        return text;
    }

    private static Verdict Ambiguous(string reason) => Verdict.Reject(Problems.CredentialAmbiguous, reason);
}
