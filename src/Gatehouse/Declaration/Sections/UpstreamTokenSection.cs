using Gatehouse.Configuration;
using Gatehouse.Services;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>token</c> of an upstream: where the token comes from that it wants instead of the caller's.</summary>
internal static class UpstreamTokenSection
{
    private static readonly Key<Located<Uri>> Endpoint = new("endpoint", new EndpointShape(), "The token endpoint (RFC 8693).") { Required = true };

    private static readonly Key<string> ClientId = new("clientId", Shapes.Text(200), "Who the gateway is at the endpoint.") { Required = true };

    private static readonly Key<string> SecretKey = new("secret", SecretReference.Shape,
        "Where the secret is that the gateway proves itself with: file:PATH or env:NAME.")
    {
        Required = true,
    };

    private static readonly Key<string> Audience = new("audience", Shapes.Text(500), "Whom the token is asked for.") { Required = true };

    private static readonly Key<IReadOnlyList<string>> Scopes = new("scopes", Shapes.List(DecisionShapes.Scope(), 1, 50),
        "What the token may be good for; one that is good for more is not used.")
    {
        Required = true,
    };

    private static readonly Key<string> Authorities = new("authorities", DecisionShapes.File(),
        "A PEM file with the authorities that the endpoint is trusted by; the system's unless written.");

    private static readonly Key<TimeSpan> Timeout = new("timeout", Shapes.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(10)),
        "How long an answer may take; 2s unless written. A call that has no token by then is refused.");

    private static readonly Key<bool> WhenNone = new("whenNone", Shapes.OneOf(("refuse", false), ("client", true)),
        "What happens to callers that have no token: refuse, or client for a token of the gateway's own; refuse unless written.");

    private static readonly Section<SectionReader> Section = new("an upstream's token",
        [Endpoint, ClientId, SecretKey, Audience, Scopes, Authorities, Timeout, WhenNone], text => text);

    public static readonly Key<SectionReader> Token = new("token", Section,
        "Exchanges the caller's token for one that is for this upstream alone, which it gets as Authorization: Bearer.");

    /// <summary>The exchange, or null when the upstream has none or its text says too little.</summary>
    public static TokenExchange? Read(Named<SectionReader> upstream, NamedFiles files)
    {
        if (upstream.Value.Get(Token) is not { } text) return null;
        var (clientId, audience, scopes) = (text.Get(ClientId), text.Get(Audience), text.Get(Scopes));
        var (timeout, whenNone) = (text.Get(Timeout, TimeSpan.FromSeconds(2)), text.Get(WhenNone, false));
        var authorities = text.Find(Authorities) is { } file ? AuthoritiesFile.Read(file, files) : null;
        var secret = text.Find(SecretKey) is { } named
            ? SecretReference.Resolve(named, $"secret of upstream {upstream.Name} at its token endpoint", 1, files)
            : null;
        foreach (var scope in scopes ?? [])
            if (scope.Contains('*', StringComparison.Ordinal))
                text.Complain(Rules.Wildcard, Scopes, $"'{Show.Bounded(scope)}' stands for scopes that nobody has named", "name each of them");
        if (text.Find(Endpoint)?.Value is not { } endpoint || clientId is null || audience is null || scopes is null || secret is null) return null;
        return new TokenExchange(
            upstream.Name, new ServiceEndpoint(endpoint.Value, authorities, timeout), clientId, secret, audience, scopes, whenNone);
    }
}
