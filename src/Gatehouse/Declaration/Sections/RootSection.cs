using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary>The top of a declaration, and of a file that it includes: upstreams, consumers and apis may stand in either.</summary>
internal sealed class RootSection
{
    private static readonly Key<string> Version = new("gatehouse", Shapes.OneOf(("v1", "v1")), "The version of this form: v1.") { Required = true };

    public static readonly Key<IReadOnlyList<IncludeText>> Include = new(
        "include",
        Shapes.List(IncludeSection.Shape, 1, 200),
        "Files with further consumers, upstreams and apis, relative to this one.");

    private static readonly Key<GatewayText> Gateway = new(
        "gateway",
        GatewaySection.Shape,
        "What this gateway is called and who answers for it.")
    {
        Required = true,
    };

    private static readonly Key<IReadOnlyList<Named<SectionReader>>> Listeners =
        new("listeners", Shapes.Map(ListenerSection.Shape, 50), "Where requests come in, by name.") { Required = true };

    private static readonly Key<ListeningPoint> Administration =
        new(
            "administration",
            AdministrationSection.Administration,
            "Where the gateway answers about itself: /livez, /readyz and /metrics.")
        {
            Required = true,
        };

    private static readonly Key<ListeningPoint> Health = new(
        "health",
        AdministrationSection.Health,
        "Where orchestrators ask for /livez and /readyz, without detail.");
    private static readonly Key<KeysText> Keys = new("keys", KeysSection.Shape, "What API keys are hashed under.");
    private static readonly Key<AssertionsText> Assertions = new(
        "assertions",
        AssertionsSection.Shape,
        "Under whose name and keys backends are told who calls. With it, every forwarded exchange carries Gatehouse-Assertion.");

    private static readonly Key<AuditText> Audit = new(
        "audit",
        AuditSection.Shape,
        "Where the trail is kept of what has to be accounted for: changes, personal data, partners, refusals, and what becomes of the gateway.");

    private static readonly Key<LogText> Log = new("log", LogSection.Shape, "Where records go.");
    private static readonly Key<StoresText> Stores = new(
        "stores",
        StoresSection.Shape,
        "Where what outlives the gateway is kept, or shared with other instances.");

    private static readonly Key<TelemetryText> Telemetry = new(
        "telemetry", TelemetrySection.Shape, "How what happens is told: to a collector, in traces, in metrics, as security events.");

    private static readonly Key<RegisterText> Register = new(
        "register",
        RegisterSection.Shape,
        "Where keys that are issued, and what is suspended, are kept. Without it all keys are declared, and nothing can be suspended.");

    private static readonly Key<Drain> Drain = new("drain", DrainSection.Shape, "How the gateway stops.");
    private static readonly Key<OverloadLimits> Overload = new(
        "overload",
        OverloadSection.Shape,
        "From when on the gateway sheds work, by the priority of routes, because it is short itself.");

    private static readonly Key<IReadOnlyList<Named<SectionReader>>> Issuers = new(
        "issuers",
        Shapes.Map(IssuerSection.Shape, 20),
        "Who issues tokens, by name.");

    private static readonly Key<IReadOnlyList<Named<SectionReader>>> Consumers = new(
        "consumers",
        Shapes.Map(ConsumerSection.Shape),
        "Who calls, by name.");
    private static readonly Key<IReadOnlyList<Named<PeopleText>>> People = new(
        "people",
        Shapes.Map(PeopleSection.Shape, 200),
        "Whom tokens may speak for: groups of people, by name.");

    private static readonly Key<IReadOnlyList<Named<SectionReader>>> Upstreams = new(
        "upstreams",
        Shapes.Map(UpstreamSection.Shape),
        "Groups of servers that answer alike, by name.");

    private static readonly Key<IReadOnlyList<Named<SectionReader>>> Authorisers = new(
        "authorisers",
        Shapes.Map(AuthoriserSection.Shape, 100),
        "Services that are asked whether calls may pass, by name.");

    private static readonly Key[] StillToCome =
    [
        new Key<string>("assistants", DecisionShapes.StillToCome(), "AI assistants and what they may do.")
        {
            NotYet = "assistants come with their own door",
        },
    ];

    private readonly Key<IReadOnlyList<Named<ApiText>>> _apis;
    private readonly Section<RootText> _main;
    private readonly Section<RootText> _included;

    public RootSection(IReadOnlyList<RoutePolicyKind> kinds)
    {
        _apis = new("apis", Shapes.Map(new ApiSection(kinds).Shape), "What is exposed, by name.");
        _main = new("a declaration",
            [
                Version, Gateway, Include, Listeners, Administration, Health, Keys, Assertions, Audit, Log, Telemetry, Stores, Register,
                Drain, Overload, Issuers, People, Consumers,
                Authorisers, Upstreams, _apis,
                .. StillToCome,
            ],
            ReadMain);
        _included = new("an included file", [Include, Consumers, Upstreams, _apis], ReadShared);
    }

    public Section<RootText> Main => _main;

    public Shape<RootText> Included => _included;

    private RootText ReadMain(SectionReader text)
    {
        text.Find(Version);
        return ReadShared(text) with
        {
            Gateway = text.Get(Gateway),
            Listeners = text.Get(Listeners) ?? [],
            Administration = text.Get(Administration),
            Health = text.Get(Health),
            Keys = text.Get(Keys),
            Log = text.Get(Log),
            Telemetry = text.Get(Telemetry),
            Stores = text.Get(Stores),
            SaysStores = text.Has(Stores),
            Register = text.Get(Register),
            SaysRegister = text.Has(Register),
            Drain = text.Get(Drain),
            Overload = text.Get(Overload),
            Issuers = text.Get(Issuers) ?? [],
            People = text.Get(People) ?? [],
            Authorisers = text.Get(Authorisers) ?? [],
            SaysKeys = text.Has(Keys),
            Assertions = text.Get(Assertions),
            SaysAssertions = text.Has(Assertions),
            Audit = text.Find(Audit),
            SaysAudit = text.Has(Audit),
        };
    }

    private RootText ReadShared(SectionReader text)
    {
        text.Find(Include); // it was followed already; here it is read for what there is to complain about
        return new RootText(text.Get(Consumers) ?? [], text.Get(Upstreams) ?? [], text.Get(_apis) ?? []);
    }
}

/// <summary>What one file says.</summary>
internal sealed record RootText(
    IReadOnlyList<Named<SectionReader>> Consumers,
    IReadOnlyList<Named<SectionReader>> Upstreams,
    IReadOnlyList<Named<ApiText>> Apis)
{
    public GatewayText? Gateway { get; init; }

    public IReadOnlyList<Named<SectionReader>> Listeners { get; init; } = [];

    public ListeningPoint? Administration { get; init; }

    public ListeningPoint? Health { get; init; }

    public IReadOnlyList<Named<PeopleText>> People { get; init; } = [];

    public KeysText? Keys { get; init; }

    public LogText? Log { get; init; }

    public TelemetryText? Telemetry { get; init; }

    public StoresText? Stores { get; init; }

    /// <summary>Whether <c>stores</c> stands there at all, read or not.</summary>
    public bool SaysStores { get; init; }

    public RegisterText? Register { get; init; }

    /// <summary>Whether <c>register</c> stands there at all, read or not.</summary>
    public bool SaysRegister { get; init; }

    public Drain? Drain { get; init; }

    public OverloadLimits? Overload { get; init; }

    public IReadOnlyList<Named<SectionReader>> Issuers { get; init; } = [];

    public IReadOnlyList<Named<SectionReader>> Authorisers { get; init; } = [];

    /// <summary>Whether <c>keys</c> stands there at all, read or not.</summary>
    public bool SaysKeys { get; init; }

    public AssertionsText? Assertions { get; init; }

    /// <summary>Whether <c>assertions</c> stands there at all, read or not.</summary>
    public bool SaysAssertions { get; init; }

    public Located<AuditText>? Audit { get; init; }

    /// <summary>Whether <c>audit</c> stands there at all, read or not.</summary>
    public bool SaysAudit { get; init; }
}
