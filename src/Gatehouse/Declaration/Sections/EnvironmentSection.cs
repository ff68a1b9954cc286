using Gatehouse.Configuration;
using Gatehouse.Pipeline;

namespace Gatehouse.Declaration.Sections;

/// <summary>
/// The top of <c>environments/NAME.yaml</c>: where things are in this environment, and limits that are tighter in it. The form is closed
/// here; the values are read, with the declaration that they become a part of, by the declaration's own shapes.
/// </summary>
internal static class EnvironmentSection
{
    private const string Never = "an environment sets addresses, hosts, destinations, certificates, issuers, log sinks, collectors, stores and tighter limits; everything else stands in the declaration";

    public static Shape<SectionReader> Shape(IReadOnlyList<RoutePolicyKind> kinds, RootSection declaration)
    {
        var stricter = kinds.SelectMany(k => k.EnvironmentKeys).ToList();
        var every = RouteSection.Keys(kinds);
        var route = Part("a route of an environment", every, stricter);
        var api = Part(
            "an api of an environment",
            [.. every, .. ApiSection.OwnKeys],
            [.. stricter, Entries("routes", route, "The routes that have other limits here, by name.")]);
        return Part("an environment", declaration.Main.Keys,
        [
            Entries(
                "listeners",
                Part(
                    "a listener of an environment",
                    ListenerSection.Shape.Keys,
                    [
                        ListenerSection.Address,
                        ListenerSection.Hosts,
                        One("tls", Tls, "Its certificate and key here; what is not named stays as it is declared."),
                    ]),
                "Where requests come in here, by name."),
            One("administration", AdministrationSection.Administration, "Where the gateway answers about itself here."),
            One("health", AdministrationSection.Health, "Where orchestrators ask for health here."),
            Entries(
                "upstreams",
                Part(
                    "an upstream of an environment",
                    UpstreamSection.Shape.Keys,
                    [UpstreamSection.Destinations, UpstreamSection.Authorities, .. UpstreamTlsSection.Keys]),
                "Where services are here, by name."),
            One("log", LogSection.Shape, "Where records go here."),
            One("audit", Part("the audit of an environment", AuditSection.Shape.Keys, AuditSection.Placing),
                "Where the trail is kept here, and under which keys."),
            One("stores", Part("the stores of an environment", StoresSection.Shape.Keys,
                [
                    StoresSection.Sqlite,
                    One("redis", Part("a redis store of an environment", RedisSection.Shape.Keys, RedisSection.Placing),
                        "Where the store is here that instances share."),
                    One("postgres", Part("a postgres store of an environment", PostgresSection.Shape.Keys, PostgresSection.Placing),
                        "Where the database is here that instances share."),
                ]), "Where what outlives the gateway is kept here, or shared with other instances."),
            One("telemetry", Part("the telemetry of an environment", TelemetrySection.Shape.Keys,
                [
                    One("otlp", Part("a collector of an environment", OtlpSection.Shape.Keys, OtlpSection.Placing), "Where the collector is here."),
                ]), "How what happens is told here."),
            Entries("apis", api, "The apis whose routes have other limits here, by name."),
            Entries("issuers", Part("an issuer of an environment", IssuerSection.Shape.Keys, IssuerPlace), "Who issues tokens here, by name."),
        ]);
    }

    /// <summary>
    /// Files of keys, certificates and authorities lie elsewhere in each environment. Whether clients are asked for certificates, and what holds
    /// while a list is stale, is declared.
    /// </summary>
    private static readonly Section<SectionReader> Tls = Part("the tls of an environment", TlsSection.Shape.Keys,
    [
        TlsSection.Certificate,
        TlsSection.PrivateKey,
        TlsSection.ClientAuthorities,
        One("revocation", Part("the revocation of an environment", RevocationSection.Shape.Keys, [RevocationSection.Lists]),
            "Where the lists are here; the rest stays as it is declared."),
    ]);

    /// <summary>Each environment has its own issuer, its own audience and its own keys; what is asked of tokens is declared.</summary>
    private static readonly Key[] IssuerPlace =
    [
        IssuerSection.Identifier, IssuerSection.Audiences, IssuerSection.Keys, IssuerSection.Introspection, IssuerSection.Hosts,
        IssuerSection.Authorities,
    ];

    private static Section<SectionReader> Part(string name, IEnumerable<Key> every, IReadOnlyList<Key> allowed)
    {
        var barred = every.DistinctBy(k => k.Name)
            .Where(k => allowed.All(a => a.Name != k.Name))
            .Select(k => new Key<string>(k.Name, DecisionShapes.StillToCome(), k.Doc) { NotHere = Never });
        return new Section<SectionReader>(name, [.. allowed.Select(k => k.Optional()), .. barred], text =>
        {
            text.CheckAll(allowed); // what is wrong in what does not become a part of the declaration is said too
            return text;
        });
    }

    private static Key<IReadOnlyList<Named<SectionReader>>> Entries(string name, Shape<SectionReader> entry, string doc) =>
        new(name, Shapes.Map(entry), doc);

    private static Key<T> One<T>(string name, Shape<T> shape, string doc) => new(name, shape, doc);
}
