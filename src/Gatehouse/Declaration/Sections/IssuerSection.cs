using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Tokens;

namespace Gatehouse.Declaration.Sections;

/// <summary>An entry of <c>issuers</c>: who issues tokens, and which of them are taken.</summary>
internal static class IssuerSection
{
    public static readonly Key<string> Identifier = new(
        "issuer", Shapes.Text(), "What tokens say in 'iss', character by character. Has to be written.");

    public static readonly Key<IReadOnlyList<string>> Audiences = new(
        "audiences", Shapes.List(Shapes.Text(), 1, 50), "Whom tokens have to be meant for: one of these in 'aud'. Has to be written.");

    public static readonly Key<IReadOnlyList<Located<string>>> Algorithms = new(
        "algorithms",
        Shapes.List(new AlgorithmShape(), 1, SigningAlgorithms.Count),
        "How tokens may be signed: RS, PS or ES with 256, 384 or 512. Has to be written where keys are; HS and none are never taken.");

    public static readonly Key<IssuerKeysText> Keys = new("keys", IssuerKeysSection.Shape, "Where the issuer's public keys are.");

    public static readonly Key<IReadOnlyList<string>> Hosts = new(
        "hosts",
        Shapes.List(Shapes.Host(), 1, 20),
        "Hosts that the issuer may be asked at besides its own; a private or loopback host has to stand here.");

    public static readonly Key<string> Profile = new(
        "profile",
        Shapes.OneOf(("at+jwt", "at+jwt")),
        "at+jwt: tokens have that type and every claim that RFC 9068 asks for. Otherwise a missing type and JWT are taken too.");

    public static readonly Key<TimeSpan> Lifetime = new(
        "lifetime", Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(3650)), "The longest life of a token; 24h unless written.");

    public static readonly Key<TimeSpan> Skew = new(
        "skew", Shapes.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)), "By how much clocks may differ, at most 60s; 30s unless written.");

    public static readonly Key<string> Authorities = new(
        "authorities",
        DecisionShapes.File(),
        "A PEM file with the authorities that the issuer's servers are trusted by; the system's unless written.");

    public static readonly Key<string> Client = new(
        "client",
        Shapes.Parsed<string>("the name of a claim", "^[A-Za-z0-9_.:/-]{1,100}$", (ScalarNode node, out string value) =>
            (value = node.Text).Length is > 0 and <= 100
                && value.All(c => char.IsAsciiLetterOrDigit(c) || "_.:/-".Contains(c, StringComparison.Ordinal))),
        "The claim that names the client, such as appid; client_id and, without that, azp unless written.");

    public static readonly Key<IReadOnlyList<ClaimCondition>> Programs = new(
        "programs",
        new ClaimsShape(),
        "What the tokens of programs say that act for themselves: every claim that is named, each with one of its values. Every other token whose 'sub' is not its client's id is a person's.");

    public static readonly Key<TokenBond> Bound = new(
        "bound",
        Shapes.OneOf(("dpop", TokenBond.Dpop), ("certificate", TokenBond.Certificate)),
        "What every token has to be bound to. Tokens that say that they are bound are held to it without this too.");

    public static readonly Key<IntrospectionText> Introspection = new(
        "introspection", IntrospectionSection.Shape, "How the issuer is asked about each token, instead of 'keys' (RFC 7662).");

    public static readonly Key<IReadOnlyList<Revocation>> Revoked = new(
        "revoked", Shapes.List(RevokedTokenSection.Shape, 0, 10_000), "Tokens that are refused though they are good, by token, subject or client.");

    public static readonly Section<SectionReader> Shape = new(
        "an issuer",
        [Identifier, Audiences, Algorithms, Keys, Introspection, Hosts, Authorities, Profile, Lifetime, Skew, Client, Programs, Bound, Revoked],
        text => text);

    /// <summary>The issuer as far as its text goes, or null when it says too little.</summary>
    public static Issuer? Read(Named<SectionReader> written, NamedFiles files)
    {
        var text = written.Value;
        var algorithms = AlgorithmsIn(text);
        var (identifier, audiences, hosts) = (text.Get(Identifier), text.Get(Audiences), text.Get(Hosts) ?? []);
        var (lifetime, skew) = (text.Get(Lifetime, Issuer.UsualLifetime), text.Get(Skew, Issuer.UsualSkew));
        var (profile, client, bound, revoked) = (text.Get(Profile), text.Get(Client), text.Get(Bound, TokenBond.None), text.Get(Revoked));
        var authorities = text.Find(Authorities) is { } file ? AuthoritiesFile.Read(file, files) : null;
        var keys = text.Get(Keys) is { } source ? IssuerKeysSection.Read(source, hosts, algorithms, files) : null;
        var introspection = text.Get(Introspection) is { } asked ? IntrospectionSection.Read(asked, files) : null;
        var programs = text.Get(Programs);
        if (programs is null && text.Has(Programs)) return null;
        if (identifier is null || audiences is null || (keys is null && introspection is null)) return null;
        return new Issuer
        {
            Name = written.Name,
            Identifier = identifier,
            Audiences = audiences,
            Algorithms = algorithms,
            Keys = keys,
            Introspection = introspection,
            IsProfiled = profile is not null,
            Lifetime = lifetime,
            Skew = skew,
            Authorities = authorities,
            ClientClaim = client,
            Programs = programs ?? [],
            Bound = bound,
            Revoked = revoked ?? [],
        };
    }

    private static List<SigningAlgorithm> AlgorithmsIn(SectionReader text)
    {
        var algorithms = new List<SigningAlgorithm>();
        foreach (var word in text.Get(Algorithms) ?? [])
            if (SigningAlgorithms.TryRead(word.Value, out var algorithm) && !algorithms.Contains(algorithm)) algorithms.Add(algorithm);
        return algorithms;
    }
}

/// <summary>An entry of <c>revoked</c>: exactly one of the three.</summary>
internal static class RevokedTokenSection
{
    private static readonly Key<string> Token = new("token", Shapes.Text(), "The token with this 'jti'.");
    private static readonly Key<string> Subject = new("subject", Shapes.Text(), "Every token of this 'sub'.");
    private static readonly Key<string> Client = new("client", Shapes.Text(), "Every token that this client was given.");

    public static readonly Shape<Revocation> Shape = new Section<Revocation>("a revocation", [Token, Subject, Client], text =>
    {
        var (token, subject, client) = (text.Get(Token), text.Get(Subject), text.Get(Client));
        Revocation?[] all =
        [
            token is null ? null : new Revocation(RevokedBy.Token, token),
            subject is null ? null : new Revocation(RevokedBy.Subject, subject),
            client is null ? null : new Revocation(RevokedBy.Client, client),
        ];
        var said = all.OfType<Revocation>().ToList();
        if (said.Count == 1) return said[0];
        text.Findings.Add(Rules.Contradiction, text.Place, "a revocation names exactly one of 'token', 'subject' and 'client'", "- { token: JTI }");
        return null;
    });
}
