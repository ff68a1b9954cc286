using Gatehouse.Configuration;
using Gatehouse.Tokens;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>keys</c> of an issuer: exactly one of the three ways to its public keys.</summary>
internal static class IssuerKeysSection
{
    private static readonly Key<string> Jwks = new("jwks", Shapes.WebAddress(), "The address of its JWK set.");
    private static readonly Key<bool> Discovery = new("discovery", Shapes.Flag(), "true: its own discovery document says where the JWK set is.");
    private static readonly Key<string> File = new("file", DecisionShapes.File(), "A file that is its JWK set; a change is noticed.");

    public static readonly Shape<IssuerKeysText> Shape = new Section<IssuerKeysText>("the keys of an issuer", [Jwks, Discovery, File], text =>
    {
        var (jwks, discovery, file) = (text.Find(Jwks), text.Get(Discovery, false), text.Find(File));
        if ((jwks is null ? 0 : 1) + (discovery ? 1 : 0) + (file is null ? 0 : 1) == 1) return new IssuerKeysText(jwks, discovery, file, text.Place);
        if (text.Has(Jwks) && jwks is null) return null; // why it could not be read has been said
        text.Findings.Add(
            Rules.IssuerDecision, text.Place, "an issuer's keys are found in exactly one way",
            "keys: { jwks: \"https://…\" }, { discovery: true } or { file: keys.json }");
        return null;
    });

    /// <summary>Where the keys are; null when they cannot be had, and then a finding says why.</summary>
    public static KeySource? Read(
        IssuerKeysText text, IReadOnlyList<string> hosts, IReadOnlyList<SigningAlgorithm> algorithms, NamedFiles files)
    {
        if (text.Jwks is { } address) return new KeySource { Jwks = new Uri(address.Value), Hosts = hosts };
        if (text.File is not { } named) return new KeySource { ByDiscovery = true, Hosts = hosts };
        if (files.Read(named, "key set") is not { } file) return null;
        var odd = new List<string>();
        var keys = KeySet.TryRead(file.Bytes, algorithms, odd);
        foreach (var what in odd) files.Findings.Add(Rules.WeakKey, named.Place, $"in '{Show.Bounded(named.Value)}', {what}");
        if (keys is null && odd.Count == 0 && algorithms.Count > 0)
            files.Findings.Add(Rules.UnusableFile, named.Place, $"'{Show.Bounded(named.Value)}' is no JWK set with a key for one of the algorithms");
        return keys is null ? null : new KeySource { Set = file.Bytes, Hosts = hosts };
    }
}

internal sealed record IssuerKeysText(Located<string>? Jwks, bool Discovery, Located<string>? File, Place Place);

/// <summary><c>introspection</c> of an issuer.</summary>
internal static class IntrospectionSection
{
    private static readonly Key<string> Endpoint = new("endpoint", Shapes.WebAddress(), "The address that is asked.") { Required = true };
    private static readonly Key<string> ClientId = new("clientId", Shapes.Text(), "As which client the gateway asks.") { Required = true };
    private static readonly Key<string> Secret = new("secret", SecretReference.Shape, "Where that client's secret is.") { Required = true };
    private static readonly Key<TimeSpan> Timeout = new(
        "timeout", Shapes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30)), "How long an answer may take; 2s unless written.");
    private static readonly Key<TimeSpan> Cache = new(
        "cache", Shapes.Duration(TimeSpan.Zero, TimeSpan.FromSeconds(60)), "How long an answer is good for, at most 60s; 30s unless written.");

    public static readonly Section<IntrospectionText> Shape = new(
        "introspection",
        [Endpoint, ClientId, Secret, Timeout, Cache],
        text =>
        {
            var (endpoint, client, secret) = (text.Find(Endpoint), text.Get(ClientId), text.Find(Secret));
            var (timeout, cache) = (text.Get(Timeout, TimeSpan.FromSeconds(2)), text.Get(Cache, TimeSpan.FromSeconds(30)));
            return endpoint is null || client is null || secret is null
                ? null : new IntrospectionText(endpoint.Value, client, secret.Value, timeout, cache);
        });

    public static Introspection? Read(IntrospectionText text, NamedFiles files) =>
        SecretReference.Resolve(text.Secret, "client secret", 1, files) is { } secret
            ? new Introspection(new Uri(text.Endpoint.Value), text.ClientId, secret, text.Timeout, text.Cache) : null;
}

internal sealed record IntrospectionText(Located<string> Endpoint, string ClientId, Located<string> Secret, TimeSpan Timeout, TimeSpan Cache);
