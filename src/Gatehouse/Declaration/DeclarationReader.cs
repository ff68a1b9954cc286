using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Declaration.Checks;
using Gatehouse.Declaration.Sections;
using Gatehouse.Pipeline;
using Gatehouse.Register;
using Gatehouse.Routes;
using Gatehouse.Services;

namespace Gatehouse.Declaration;

/// <summary>What one reading of a declaration gave.</summary>
/// <param name="Definition">Null when there is at least one error.</param>
/// <param name="Findings">Everything that is wrong or worth a word, in the order of the text.</param>
/// <param name="Digests">The files that were read and their digests: what has to be watched.</param>
internal sealed record Reading(GatewayDefinition? Definition, IReadOnlyList<Finding> Findings, IReadOnlyDictionary<string, string> Digests)
{
    /// <summary>How many findings were left out because there were too many.</summary>
    public int LeftOut { get; init; }

    /// <summary>How many of those were errors.</summary>
    public int ErrorsLeftOut { get; init; }
}

/// <summary>
/// Reads a declaration: text to nodes to sections to a valid <see cref="GatewayDefinition"/>. Every complaint is a finding, all at once.
/// </summary>
internal static class DeclarationReader
{
    /// <param name="path">The declaration's own file; what it names is found beside it.</param>
    /// <param name="now">The instant against which dates (waivers, key expiry) are judged.</param>
    /// <param name="kinds">The kinds of policies whose keys a route may carry: the second part of the catalogue.</param>
    /// <param name="environment">The name of the environment whose file says where things are; null for what the declaration itself says.</param>
    public static Reading Read(string path, SourceFiles files, DateTimeOffset now, IReadOnlyList<RoutePolicyKind> kinds, string? environment = null)
    {
        var findings = new Findings();
        var section = new RootSection(kinds);
        var texts = new IncludeReader(section, files, findings).Read(path);
        if (environment is not null && texts.Count > 0)
            texts = new EnvironmentOverlay(kinds, section, findings).Apply(path, environment, texts, files);
        var written = Sections(texts, section, findings);
        GatewayDefinition? definition = null;
        if (written.Count > 0)
        {
            var bounds = written.Where(f => f.Bounds.Count > 0).ToDictionary(f => f.Node.Place.File, f => f.Bounds, StringComparer.Ordinal);
            var named = new NamedFiles(files, findings, now, bounds);
            var draft = Drafting(written, named, bounds, kinds);
            EveryCheck.Run(draft);
            if (!findings.HasErrors) definition = Complete(draft, Fingerprint.Of(written, named.Contents));
        }

        return new Reading(definition, findings.InOrder(), files.Digests) { LeftOut = findings.LeftOut, ErrorsLeftOut = findings.ErrorsLeftOut };
    }

    private static List<WrittenFile> Sections(IReadOnlyList<SourceText> texts, RootSection section, Findings findings)
    {
        var written = new List<WrittenFile>(texts.Count);
        foreach (var text in texts)
            if ((written.Count == 0 ? section.Main : section.Included).TryRead(text.Node, findings, out var read))
                written.Add(new WrittenFile(read, text.Node, text.Bounds));
        return written;
    }

    private static Draft Drafting(
        List<WrittenFile> written, NamedFiles files, IReadOnlyDictionary<string, IReadOnlyList<Bounds>> bounds, IReadOnlyList<RoutePolicyKind> kinds)
    {
        var root = written[0].Text;
        var consumers = Once(written.SelectMany(f => f.Text.Consumers), "consumer", files.Findings);
        var upstreams = Once(written.SelectMany(f => f.Text.Upstreams), "upstream", files.Findings);
        var apis = Once(written.SelectMany(f => f.Text.Apis), "api", files.Findings);
        var contracts = new NamedContracts(files);
        List<RouteDraft> routes = [.. apis.SelectMany(api => RoutesOf(api, files, contracts, kinds))];
        var pepper = root.Keys is { } keys ? SecretReference.Resolve(keys.Pepper, "pepper", ApiKeyHash.LeastPepperBytes, files) : null;
        var database = root.Stores?.Postgres is { } postgres ? PostgresSection.Read(postgres.Value, files) : null;
        return new Draft
        {
            Findings = files.Findings,
            Now = files.Now,
            Root = root,
            Pepper = pepper,
            Store = root.Stores?.Redis is { } redis ? RedisSection.Read(redis.Value, root.Gateway, pepper, files) : null,
            Telemetry = TelemetrySection.Read(root.Telemetry, files),
            Postgres = database,
            Assertions = root.Assertions is { } assertions ? AssertionsSection.Read(assertions, root.Gateway, files) : null,
            Trail = root.Audit is { } audit ? AuditSection.Read(audit.Value, audit.Place, root, database, files) : null,
            Listeners = [.. root.Listeners.Select(l => Drafted(l, ListenerSection.Read(l, files)))],
            Upstreams = upstreams.ToDictionary(u => u.Name, u => Drafted(u, UpstreamSection.Read(u, files)), StringComparer.Ordinal),
            Consumers = consumers.ToDictionary(c => c.Name, c => Drafted(c, ConsumerSection.Read(c)), StringComparer.Ordinal),
            Issuers = root.Issuers.ToDictionary(i => i.Name, i => Drafted(i, IssuerSection.Read(i, files)), StringComparer.Ordinal),
            Authorisers = root.Authorisers.ToDictionary(a => a.Name, a => Drafted(a, AuthoriserSection.Read(a, files)), StringComparer.Ordinal),
            TokenExchanges = upstreams.Select(u => UpstreamTokenSection.Read(u, files)).OfType<TokenExchange>()
                .ToDictionary(e => e.Upstream, StringComparer.Ordinal),
            UpstreamNames = NamesIn("upstreams", written),
            ConsumerNames = NamesIn("consumers", written),
            IssuerNames = NamesIn("issuers", written),
            People = root.People,
            PeopleNames = NamesIn("people", written),
            Bounds = bounds,
            Routes = routes,
            Contracts = contracts.All,
            Kinds = kinds,
        };
    }

    private static HashSet<string> NamesIn(string section, IReadOnlyList<WrittenFile> written) =>
        written.Select(f => f.Node[section]).OfType<MapNode>().SelectMany(m => m.Entries).Select(e => e.Key).ToHashSet(StringComparer.Ordinal);

    private static IEnumerable<RouteDraft> RoutesOf(
        Named<ApiText> api, NamedFiles files, NamedContracts contracts, IReadOnlyList<RoutePolicyKind> kinds)
    {
        var reader = new RouteReader(api, files, contracts, kinds);
        return api.Value.Routes.Select(reader.Read);
    }

    private static Drafted<T> Drafted<T>(Named<SectionReader> written, T? value)
        where T : class
        => new(written.Name, written.NamePlace, written.Value, value);

    /// <summary>Drops what has a name that was used already, in this file or another, and says so. In one file the YAML reader has done it.</summary>
    private static List<Named<T>> Once<T>(IEnumerable<Named<T>> entries, string what, Findings findings)
    {
        var first = new Dictionary<string, Named<T>>(StringComparer.Ordinal);
        var kept = new List<Named<T>>();
        foreach (var entry in entries)
        {
            if (first.TryAdd(entry.Name, entry)) kept.Add(entry);
            else findings.Add(Rules.DuplicateKey, entry.NamePlace, $"the {what} '{entry.Name}' is declared already at {first[entry.Name].NamePlace}");
        }

        return kept;
    }

    private static RegisterSettings RegisterOf(RegisterText text, Draft draft)
    {
        var root = draft.Root;
        return new RegisterSettings(
            $"{root.Gateway!.Name}/{root.Gateway.Environment}", SourceFiles.Beside(text.Kept.Place.File, text.Kept.Value), text.MaxAge, draft.Pepper!)
        {
            Sqlite = text.Store.Value == RegisterPlace.Sqlite ? FileOf(root) : null,
            Postgres = text.Store.Value == RegisterPlace.Postgres ? draft.Postgres : null,
        };
    }

    private static string? FileOf(RootText root) =>
        root.Stores?.Sqlite is { } sqlite ? SourceFiles.Beside(sqlite.Place.File, sqlite.Value) : null;

    private static GatewayDefinition Complete(Draft draft, string fingerprint)
    {
        var root = draft.Root;
        var access = root.Log?.Access;
        return new GatewayDefinition
        {
            Name = root.Gateway!.Name,
            Owner = root.Gateway.Owner,
            Environment = root.Gateway.Environment,
            Listeners = [.. draft.Listeners.Select(l => l.Value!)],
            Administration = new AdminListener(root.Administration!.Address, root.Administration.Place),
            Health = root.Health?.Address,
            Pepper = draft.Pepper,
            Consumers = new ConsumerDirectory(
                draft.Consumers.Values.Select(c => c.Value!),
                draft.People.Select(p => new PeopleGroup(p.Name, p.Value.Issuer.Value, p.Value.Claims))),
            Assertions = draft.Assertions,
            Issuers = [.. draft.Issuers.Values.Select(i => i.Value!)],
            Upstreams = draft.Upstreams.ToDictionary(u => u.Key, u => u.Value.Value!, StringComparer.Ordinal),
            Authorisers = draft.Authorisers.ToDictionary(a => a.Key, a => a.Value.Value!, StringComparer.Ordinal),
            TokenExchanges = draft.TokenExchanges,
            Store = draft.Store,
            Postgres = draft.Postgres,
            Register = root.Register is { } register ? RegisterOf(register, draft) : null,
            Routes = [.. draft.Routes.Select(r => r.Complete()!)],
            AccessLog = access is { } log && log.Value != "stdout" ? SourceFiles.Beside(log.Place.File, log.Value) : null,
            QuotaFile = FileOf(root),
            Trail = draft.Trail,
            Drain = root.Drain ?? DrainSection.Usual,
            Overload = root.Overload ?? OverloadLimits.Usual,
            Telemetry = draft.Telemetry,
            Fingerprint = fingerprint,
        };
    }
}
