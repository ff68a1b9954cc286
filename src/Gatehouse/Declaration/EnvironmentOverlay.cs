using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Pipeline;

namespace Gatehouse.Declaration;

/// <summary>
/// Puts what an environment's file says into the declaration, before that is read: what is then checked and served is one declaration, and
/// what it says has the place where it stands. Nothing new can come into being by it: every name that the file uses has to be declared.
/// </summary>
internal sealed class EnvironmentOverlay(IReadOnlyList<RoutePolicyKind> kinds, RootSection section, Findings findings)
{
    private readonly Shape<SectionReader> _shape = EnvironmentSection.Shape(kinds, section);

    /// <summary>Where the file of an environment lies: beside the declaration.</summary>
    public static string PathOf(string declaration, string name) => SourceFiles.Beside(declaration, $"environments/{name}.yaml");

    /// <summary>The files with what the environment changes, in the same order.</summary>
    public IReadOnlyList<SourceText> Apply(string declaration, string name, IReadOnlyList<SourceText> texts, SourceFiles files)
    {
        var path = PathOf(declaration, name);
        var start = new Place(path, 1, 1);
        if (!files.TryRead(path, out var bytes, out var why))
        {
            findings.Add(Rules.NoFile, start, $"the environment '{name}' is needed, but {why}");
            return texts;
        }

        if (IncludeReader.Parse(path, bytes, _shape, findings) is not { } environment) return texts;
        _shape.Check(environment, findings);
        SourceText[] changed = [.. texts];
        changed[0] = changed[0] with { Node = Main(changed[0].Node, environment, new ScalarNode(start, name, Quoted: true)) };
        foreach (var upstream in EntriesOf(environment, "upstreams")) Change(changed, "upstreams", upstream, Placing);
        foreach (var api in EntriesOf(environment, "apis")) Change(changed, "apis", api, Tightening);
        return changed;
    }

    private MapNode Main(MapNode main, MapNode environment, ScalarNode name)
    {
        main = Issuers(main, environment, name);
        if (main["gateway"] is MapNode gateway) main = main.With("gateway", gateway.With(new MapEntry("environment", name.Place, name)));
        foreach (var listener in EntriesOf(environment, "listeners"))
        {
            if (main["listeners"] is MapNode listeners && listeners[listener.Key] is MapNode declared)
                main = main.With("listeners", listeners.With(listener.Key, Placing(declared, listener)));
            else Unknown("listener", listener, EntriesOf(main, "listeners"));
        }

        foreach (var key in (string[])["administration", "health", "audit"])
        {
            if (environment.Entry(key) is not { Value: MapNode } point) continue;
            if (main[key] is MapNode declared) main = main.With(key, Placing(declared, point));
            else
                findings.Add(
                    Rules.Environment,
                    point.KeyPlace,
                    $"the declaration has no '{key}'",
                    "what listens and what is recorded is declared; an environment says where");
        }

        foreach (var key in (string[])["redis", "postgres"])
        {
            if ((environment["stores"] as MapNode)?.Entry(key) is not { Value: MapNode } store) continue;
            if (main["stores"] is MapNode stores && stores[key] is MapNode shared)
                main = main.With("stores", stores.With(key, Placing(shared, store)));
            else
                findings.Add(Rules.Environment, store.KeyPlace, $"the declaration has no '{key}' in 'stores'",
                    "that instances share is declared; an environment says where");
        }

        if ((environment["telemetry"] as MapNode)?.Entry("otlp") is { Value: MapNode } collector)
        {
            if (main["telemetry"] is MapNode telemetry && telemetry["otlp"] is MapNode declared)
                main = main.With("telemetry", telemetry.With("otlp", Placing(declared, collector)));
            else
                findings.Add(Rules.Environment, collector.KeyPlace, "the declaration has no 'otlp' in 'telemetry'",
                    "that something is sent is declared; an environment says where");
        }

        foreach (var key in (string[])["log", "stores"])
            if (environment.Entry(key) is { Value: MapNode } place)
                main = main[key] is MapNode declared ? main.With(key, Placing(declared, place)) : main.With(place);
        return main;
    }

    private MapNode Issuers(MapNode main, MapNode environment, ScalarNode name)
    {
        var declared = main["issuers"] as MapNode ?? new MapNode(main.Place, []);
        var here = declared;
        foreach (var issuer in EntriesOf(environment, "issuers"))
        {
            if (declared[issuer.Key] is MapNode one) here = here.With(issuer.Key, Placing(one, issuer));
            else Unknown("issuer", issuer, declared.Entries);
        }

        var from = ((main["gateway"] as MapNode)?["environment"] as ScalarNode)?.Text ?? name.Text;
        foreach (var issuer in declared.Entries)
        {
            if (issuer.Value is not MapNode one) continue;
            var place = (environment["issuers"] as MapNode)?.Entry(issuer.Key)?.KeyPlace ?? name.Place;
            SharedAudiences.Check(issuer.Key, one, (MapNode)here[issuer.Key]!, place, (from, name.Text), findings);
        }

        return declared.Entries.Count == 0 ? main : main.With("issuers", here);
    }

    private void Change(SourceText[] texts, string sectionName, MapEntry entry, Func<MapNode, MapEntry, MapNode> change)
    {
        for (var i = 0; i < texts.Length; i++)
        {
            if (texts[i].Node[sectionName] is not MapNode entries || entries[entry.Key] is not MapNode declared) continue;
            texts[i] = texts[i] with { Node = texts[i].Node.With(sectionName, entries.With(entry.Key, change(declared, entry))) };
            return;
        }

        Unknown(sectionName[..^1], entry, texts.SelectMany(t => EntriesOf(t.Node, sectionName)));
    }

    private void Unknown(string what, MapEntry entry, IEnumerable<MapEntry> known)
    {
        if (entry.Value is MapNode)
            findings.Add(
                Rules.UnknownReference,
                entry.KeyPlace,
                $"there is no {what} '{Show.Bounded(entry.Key)}'",
                findings.IsFull ? null : Nearest.Hint(entry.Key, known.Select(k => k.Key)));
    }

    private static IReadOnlyList<MapEntry> EntriesOf(MapNode node, string key) => node[key] is MapNode map ? map.Entries : [];

    /// <summary>Takes over what says where something is; what else stands there was a finding.</summary>
    private static MapNode Placing(MapNode declared, MapEntry environment)
    {
        foreach (var entry in ((environment.Value as MapNode)?.Entries ?? []).Where(e => Placed.Contains(e.Key)))
            declared = declared.With(
                Kept.Contains(entry.Key) && declared[entry.Key] is MapNode there && entry.Value is MapNode
                    ? entry with { Value = Placing(there, entry) } : entry);
        return declared;
    }

    /// <summary>
    /// Maps of which the environment changes entries: what it does not name stays, or an environment with certificates of its own would ask nobody
    /// for theirs, and one with an endpoint of its own would remember answers for longer.
    /// </summary>
    private static readonly HashSet<string> Kept = new(
        [ListenerSection.Tls.Name, TlsSection.Revocation.Name, IssuerSection.Introspection.Name], StringComparer.Ordinal);

    private static readonly HashSet<string> Placed = new(
        [
            ListenerSection.Address.Name,
            ListenerSection.Hosts.Name,
            ListenerSection.Tls.Name,
            TlsSection.Certificate.Name,
            TlsSection.PrivateKey.Name,
            TlsSection.ClientAuthorities.Name,
            TlsSection.Revocation.Name,
            RevocationSection.Lists.Name,
            UpstreamSection.Destinations.Name,
            UpstreamSection.Authorities.Name,
            .. UpstreamTlsSection.Keys.Select(k => k.Name),
            LogSection.Access.Name,
            StoresSection.Sqlite.Name,
            .. RedisSection.Placing.Select(k => k.Name),
            .. AuditSection.Placing.Select(k => k.Name),
            .. OtlpSection.Placing.Select(k => k.Name),
            .. PostgresSection.Placing.Select(k => k.Name),
            IssuerSection.Identifier.Name,
            IssuerSection.Audiences.Name,
            IssuerSection.Keys.Name,
            IssuerSection.Introspection.Name,
            .. IntrospectionSection.Shape.Keys.Select(k => k.Name),
        ],
        StringComparer.Ordinal);

    /// <summary>Makes limits of an api's routes tighter: of all of them, or of those that are named.</summary>
    private MapNode Tightening(MapNode api, MapEntry environment)
    {
        if (environment.Value is not MapNode here || api["routes"] is not MapNode routes) return api;
        var named = EntriesOf(here, "routes").ToDictionary(e => e.Key, StringComparer.Ordinal);
        var tightened = new List<MapEntry>(routes.Entries.Count);
        foreach (var route in routes.Entries)
        {
            named.Remove(route.Key, out var own);
            tightened.Add(route.Value is MapNode text ? route with { Value = Tighten(Tighten(text, here, api), own?.Value as MapNode, api) } : route);
        }

        foreach (var unknown in named.Values) Unknown("route", unknown, routes.Entries);
        return api.With("routes", routes with { Entries = tightened });
    }

    private MapNode Tighten(MapNode route, MapNode? environment, MapNode api)
    {
        if (environment is null) return route;
        foreach (var kind in kinds)
            foreach (var key in kind.EnvironmentKeys)
                if (environment.Entry(key.Name) is { } entry)
                    route = route.With(entry with
                    {
                        Value = kind.Tighten(key, route[key.Name] ?? (api["each"] as MapNode)?[key.Name] ?? api[key.Name], entry.Value, findings),
                    });
        return route;
    }
}
