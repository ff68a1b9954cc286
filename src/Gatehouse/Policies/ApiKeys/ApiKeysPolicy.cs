using Gatehouse.Pipeline;

namespace Gatehouse.Policies.ApiKeys;

/// <summary>
/// Identifies the caller by the key in <c>X-Api-Key</c>. Without a key it identifies nobody and leaves the decision to who authorises; a key that is
/// presented has to be good, on anonymous routes too. Neither the key nor any other credential of the client is forwarded.
/// </summary>
internal sealed class ApiKeysPolicy(ApiKeyCheck check) : Policy
{
    private const string Header = "X-Api-Key";

    /// <summary>RFC 9110 section 11.6.1 asks for a challenge with every 401. The scheme is not registered; nothing that is would be true.</summary>
    private const string Challenge = "ApiKey realm=\"gatehouse\"";

    public override string Name => ApiKeysKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var headers = exchange.RequestHeaders;
        var keys = headers[Header];
        var authorization = headers.Authorization;
        if (IsMisplaced(exchange)) return new(Verdict.Reject(Problems.CredentialMisplaced, "an api key stands where it would be logged"));
        if (authorization.Count > 0)
        {
            if (authorization.Count > 1) return new(Verdict.Reject(Problems.CredentialAmbiguous, "more than one Authorization"));
            if (keys.Count > 0) return new(Verdict.Reject(Problems.CredentialAmbiguous, "an api key beside Authorization"));
            headers.Remove("Authorization");
        }

        if (keys.Count == 0) return new(Verdict.Continue);
        if (keys.Count > 1 || keys[0].AsSpan().Contains(',')) return new(Verdict.Reject(Problems.CredentialAmbiguous, "more than one api key"));
        headers.Remove(Header);
        var holder = check.Find(keys[0], exchange.Client.Value, out var reason);
        if (holder is null) return new(Verdict.Reject(Problems.Unauthenticated, reason));
        exchange.Caller = holder.Caller;
        return new(Verdict.Continue);
    }

    public override void OnResponse(Exchange exchange)
    {
        if (exchange.Problem?.Status == 401) exchange.ResponseHeaders.WWWAuthenticate = Challenge;
    }

    private static bool IsMisplaced(Exchange exchange)
    {
        if (MisplacedKeys.AreInPath(exchange.Path) || MisplacedKeys.AreInQuery(exchange.Query)) return true;
        foreach (var cookies in exchange.RequestHeaders.Cookie)
            if (MisplacedKeys.AreInCookies(cookies)) return true;
        foreach (var authorization in exchange.RequestHeaders.Authorization)
            if (MisplacedKeys.AreIn(authorization)) return true;
        return false;
    }
}
