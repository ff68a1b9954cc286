using Gatehouse.Configuration;
using Gatehouse.Services;

namespace Gatehouse.Declaration.Sections;

/// <summary>An entry of <c>authorisers</c>: a service that is asked whether calls may pass.</summary>
internal static class AuthoriserSection
{
    private static readonly Key<Located<Uri>> Endpoint = new("endpoint", new EndpointShape(),
        "Where it evaluates requests: the access evaluation endpoint of the OpenID AuthZEN Authorization API 1.0.")
    {
        Required = true,
    };

    private static readonly Key<TimeSpan> Timeout = new("timeout", Shapes.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(10)),
        "How long an answer may take; 500ms unless written. A call that has no answer by then is refused.");

    private static readonly Key<string> Authorities = new("authorities", DecisionShapes.File(),
        "A PEM file with the authorities that it is trusted by; the system's unless written.");

    private static readonly Key<string> Credential = new("credential", SecretReference.Shape,
        "Where the bearer token is that the gateway proves itself with: file:PATH or env:NAME.");

    private static readonly Key<TimeSpan> Cache = new("cache", Shapes.Duration(TimeSpan.Zero, TimeSpan.FromMinutes(5)),
        "How long an answer may be used again for the same question; not at all unless written. So long a withdrawn permission still opens.");

    private static readonly Key<string> WhenUnavailable = new("whenUnavailable", Shapes.OneOf(("deny", "deny")),
        "What happens without an answer: the call is refused. It cannot be otherwise.");

    public static readonly Section<SectionReader> Shape = new("an authoriser",
        [Endpoint, Timeout, Authorities, Credential, Cache, WhenUnavailable], text => text);

    /// <summary>The authoriser as far as its text goes, or null when it says too little.</summary>
    public static Authoriser? Read(Named<SectionReader> written, NamedFiles files)
    {
        var text = written.Value;
        text.Find(WhenUnavailable);
        var (timeout, cache) = (text.Get(Timeout, TimeSpan.FromMilliseconds(500)), text.Get(Cache, TimeSpan.Zero));
        var authorities = text.Find(Authorities) is { } file ? AuthoritiesFile.Read(file, files) : null;
        var credential = text.Find(Credential) is { } secret ? BearerToken(secret, $"credential of authoriser {written.Name}", files) : null;
        if (text.Find(Endpoint)?.Value is not { } endpoint) return null;
        return new Authoriser(written.Name, new ServiceEndpoint(endpoint.Value, authorities, timeout), credential, cache);
    }

    /// <summary>A secret that can stand behind <c>Bearer</c> (RFC 6750 section 2.1).</summary>
    private static Secret? BearerToken(Located<string> reference, string what, NamedFiles files)
    {
        if (SecretReference.Resolve(reference, what, 1, files) is not { } secret) return null;
        foreach (var octet in secret.Bytes)
        {
            if (char.IsAsciiLetterOrDigit((char)octet) || "-._~+/=".Contains((char)octet, StringComparison.Ordinal)) continue;
            files.Findings.Add(Rules.UnusableFile, reference.Place, $"the {what} is no bearer token: it has a character that cannot stand in one");
            return null;
        }

        return secret;
    }
}
