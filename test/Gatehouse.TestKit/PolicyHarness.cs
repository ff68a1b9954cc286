using System.Net;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Record;
using Gatehouse.Register;
using Gatehouse.Routes;
using Gatehouse.Services;
using Gatehouse.Stores;
using Gatehouse.Telemetry;
using Gatehouse.Tokens;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.TestKit;

/// <summary>Compiles one policy from a fragment of YAML and runs exchanges through it, with a clock that the test moves.</summary>
internal sealed class PolicyHarness
{
    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    public StateStore State { get; } = new();

    public Findings Findings { get; } = new();

    public Secret? Pepper { get; set; }

    public MemoryLines AccessLog { get; } = new();

    public GatehouseMeter Meter { get; } = new();

    public List<Consumer> Consumers { get; } = [];

    public List<PeopleGroup> People { get; } = [];

    /// <summary>The client certificate of the connections that exchanges come over; null for none.</summary>
    public ClientCertificate? Certificate { get; set; }

    /// <summary>What exchanges of one connection leave for each other; null when each comes over a connection of its own.</summary>
    public ConnectionMemory? Connection { get; set; }

    public TokenVerifier Tokens { get; set; } = new();

    public Dictionary<string, Authoriser> Authorisers { get; } = [];

    public Dictionary<string, TokenExchange> TokenExchanges { get; } = [];

    /// <summary>The other routes of the declaration.</summary>
    public List<Route> Routes { get; } = [];

    /// <summary>What is known of issued keys and suspensions; null where there is no register.</summary>
    public KnownRegister? Register { get; set; }

    /// <summary>Where quotas are kept; null for nowhere.</summary>
    public string? QuotaFile { get; set; }

    /// <summary>What instances share; null where they share nothing.</summary>
    public SharedStore? Store { get; set; }

    /// <summary>Under what the trail keeps what is personal; null where there is no trail.</summary>
    public InvestigationKey? Subjects { get; set; }

    /// <summary>What has to be accounted for goes there; null for nowhere.</summary>
    public AuditTrail? Trail { get; set; }
    /// <summary>From when on what callers do is a security event.</summary>
    public SecurityRules Security { get; set; } = new();

    /// <summary>What the operator is told.</summary>
    public StringWriter Told { get; } = new();

    public CompileContext Context => Compiled(httpMetrics: false);

    /// <summary>The same, with metrics of HTTP.</summary>
    public CompileContext Measured => Compiled(httpMetrics: true);

    private CompileContext Compiled(bool httpMetrics) => new()
    {
        HttpMetrics = httpMetrics,
        Security = Security,
        QuotaFile = QuotaFile,
        Store = Store,
        Register = Register,
        Events = new EventWriter(Told, Clock),
        Subjects = Subjects,
        Trail = Trail,
        Clock = Clock,
        State = State,
        Consumers = new ConsumerDirectory(Consumers, People),
        Routes = Routes.ToDictionary(r => r.Id),
        Pepper = Pepper,
        Tokens = Tokens,
        Authorisers = Authorisers,
        TokenExchanges = TokenExchanges,
        AccessLog = AccessLog,
        Meter = Meter,
    };

    /// <summary>A listener with defaults; change what the test is about.</summary>
    public static Listener Listener(
        string name = "edge",
        Networks? networks = null,
        TrustedProxies? proxies = null,
        IReadOnlyList<string>? hosts = null,
        IntakeLimits? intake = null,
        Networks? allow = null,
        DenyList? deny = null,
        Exposure serves = Exposure.Public,
        bool proxyProtocol = false) => new()
        {
            Name = name,
            Address = new IPEndPoint(IPAddress.Loopback, 0),
            Serves = new HashSet<Exposure> { serves },
            Hosts = hosts ?? [],
            Networks = networks,
            Addresses = allow is null && deny is null ? null : new AddressRules(allow, deny),
            Proxies = proxies,
            ProxyProtocol = proxyProtocol,
            Protocols = Protocols.Http1,
            Tls = null,
            Intake = intake ?? new IntakeLimits(),
            Place = new Place("test.yaml", 1, 1),
        };

    /// <summary>A route with defaults, and with what <paramref name="kind"/> reads from the fragment: the keys of a route in YAML.</summary>
    public Route Route(RoutePolicyKind? kind = null, string fragment = "{}", Effect effect = Effect.Read, Access? access = null, Exposure exposure = Exposure.Public, Upgrade? upgrade = null,
        IReadOnlyList<Waiver>? waivers = null, PersonalData personalData = PersonalData.None,
        AssertionUse assertion = AssertionUse.Reuse, Canary? canary = null, string id = "orders/get-order", RouteAudit? audit = null,
        TimeSpan? hedgeAfter = null)
    {
        var specs = new Dictionary<string, object>();
        if (kind is not null && YamlReader.Read("test.yaml", fragment, Findings) is MapNode map)
        {
            var empty = new MapNode(map.Place, []);
            var source = new RouteSource(
                new SectionReader("a route", kind.Keys, map, Findings),
                null,
                new SectionReader("an api", [], empty, Findings),
                id,
                new RouteWaivers(waivers ?? [], DateOnly.FromDateTime(Clock.GetUtcNow().UtcDateTime)));
            if (kind.Read(source) is { } spec) specs[kind.Name] = spec;
        }

        return new Route
        {
            Id = new RouteId(id),
            Owner = "orders@example.test",
            Purpose = "testing",
            Exposure = exposure,
            Effect = effect,
            PersonalData = personalData,
            Match = new RouteMatch("GET", new PathTemplate("/orders/{id}", []), [], [], []),
            Access = access ?? new Access { Anonymous = "a test" },
            Upstream = "orders",
            Deadline = TimeSpan.FromSeconds(60),
            Upgrade = upgrade,
            Assertion = assertion,
            Canary = canary,
            HedgeAfter = hedgeAfter,
            Audit = audit ?? RouteAudit.Usual,
            Waivers = waivers ?? [],
            Specs = specs,
            Place = new Place("test.yaml", 1, 1),
        };
    }

    /// <summary>A consumer that calls with a key of its own.</summary>
    public static Caller Caller(Consumer consumer, string credential = "k7f3") =>
        new() { Consumer = consumer, CredentialKind = "apiKey", CredentialId = credential, Scopes = consumer.Grants };

    /// <summary>What the policy decides about the exchange; these policies never wait.</summary>
    public static Verdict Decide(Policy policy, Exchange exchange)
    {
        var deciding = policy.OnRequestAsync(exchange);
        return deciding.IsCompletedSuccessfully ? deciding.Result : throw new InvalidOperationException("the policy waits");
    }

    public Policy? Compile(RoutePolicyKind kind, string fragment, Effect effect = Effect.Read) =>
        kind.Compile(Route(kind, fragment, effect), Context);

    /// <summary>An exchange whose request has the given head.</summary>
    public Exchange Exchange(
        string method = "GET",
        string target = "/orders/17",
        string peer = "127.0.0.1",
        Listener? listener = null,
        Route? route = null,
        params (string Name, string Value)[] headers) => Exchange(method, target, peer, listener, route, headers, null);

    /// <param name="proxiedFor">What a proxy has said of its client before the connection's first byte.</param>
    public Exchange Exchange(
        string method, string target, string peer, Listener? listener, Route? route, (string Name, string Value)[] headers, IPAddress? proxiedFor)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = method;
        http.Request.Protocol = "HTTP/1.1";
        http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget = target;
        if (!headers.Any(h => h.Name == "Host")) http.Request.Headers.Host = "localhost";
        // Append drops empty values
        foreach (var (name, value) in headers) http.Request.Headers[name] = StringValues.Concat(http.Request.Headers[name], value);
        http.Connection.RemoteIpAddress = IPAddress.Parse(peer);
        http.Connection.LocalIpAddress = IPAddress.Loopback;
        http.Response.Body = new MemoryStream();
        var question = target.IndexOf('?', StringComparison.Ordinal);
        return new Exchange(http, listener ?? Listener(), 1, Clock.GetTimestamp(), "01TESTREQUEST", new PeerAddress(IPAddress.Parse(peer)))
        {
            ProxiedFor = proxiedFor,
            Path = question < 0 ? target : target[..question],
            Query = question < 0 ? "" : target[question..],
            Host = "localhost",
            Route = route,
            RouteFields = route is null ? null : AccessLine.RouteFields(route),
            RouteTally = route is null ? null : Meter.Exchanges("edge", route.Id.Value),
            Certificate = Certificate,
            Connection = Connection,
        };
    }
}
