using Gatehouse.Audit;
using Gatehouse.Certificates;
using Gatehouse.Declaration;
using Gatehouse.Pipeline;
using Gatehouse.Register;
using Gatehouse.Routes;
using Gatehouse.Stores;
using Gatehouse.Telemetry;
using Gatehouse.Telemetry.Otlp;
using Gatehouse.Tokens;
using Gatehouse.Upstreams;

namespace Gatehouse.Runtime;

/// <summary>Makes a snapshot from a definition. It cannot fail for reasons that lie in the declaration: those were findings.</summary>
/// <param name="kinds">The second part of the catalogue, as the declaration was read with.</param>
/// <param name="events">Tells the operator; null when nothing will be served.</param>
/// <param name="trail">What has to be accounted for goes there; null where there is no trail, and when nothing will be served.</param>
internal sealed class SnapshotCompiler(
    TimeProvider clock, StateStore state, LineSink accessLog, GatehouseMeter meter, IReadOnlyList<RoutePolicyKind> kinds,
    EventWriter? events = null, AuditTrail? trail = null)
{
    /// <summary>Where spans go; null for nowhere.</summary>
    public OtlpChannel? Spans { get; init; }

    /// <summary>Where exchanges are remembered that are over; null for nowhere.</summary>
    public PastExchanges? Past { get; init; }

    private KnownRegister? _register;

    /// <param name="order">The order of the listeners by name; the definition's own when null.</param>
    /// <param name="loaded">Has the certificates of the listeners that speak TLS; null when nothing will be served.</param>
    public GatewaySnapshot Compile(
        GatewayDefinition definition,
        long revision,
        IReadOnlyList<string>? order = null,
        LoadedDeclaration? loaded = null)
    {
        var context = new CompileContext
        {
            Clock = clock,
            State = state,
            Gateway = $"{definition.Name}/{definition.Environment}",
            Consumers = definition.Consumers,
            Routes = definition.Routes.ToDictionary(r => r.Id),
            Pepper = definition.Pepper,
            Assertions = definition.Assertions,
            Authorisers = definition.Authorisers,
            TokenExchanges = definition.TokenExchanges,
            Tokens = TokenVerifier.For(definition.Issuers, (kind, identity, create) => state.Get(kind, identity, create), clock, events, meter),
            Store = StoreOf(definition),
            Register = RegisterOf(definition),
            QuotaFile = definition.QuotaFile,
            Events = events,
            Subjects = definition.Trail?.Subjects,
            Trail = trail,
            AccessLog = accessLog,
            Traces = Spans is null ? null : definition.Telemetry.Traces,
            Spans = Spans,
            Past = Past,
            Security = definition.Telemetry.Security,
            HttpMetrics = definition.Telemetry.HttpMetrics,
            Meter = meter,
        };
        var http = definition.Telemetry.HttpMetrics ? meter.Http : null;
        var inside = InsideAddresses.AuthoritiesOf(definition.Upstreams.Values);
        var upstreams = definition.Upstreams.ToDictionary(
            u => u.Key, u => UpstreamClient.For(u.Value, state, clock, inside, events, meter, http: http), StringComparer.Ordinal);
        var routes = new List<CompiledRoute>(definition.Routes.Count);
        foreach (var route in definition.Routes) routes.Add(Compile(route, definition, upstreams, context));
        return new GatewaySnapshot
        {
            Revision = revision,
            Definition = definition,
            Upstreams = [.. upstreams.Values],
            Tokens = context.Tokens,
            Register = context.Register,
            Listeners = [.. InOrder(definition, order).Select(l => Compile(l, routes, context, loaded))],
        };
    }

    /// <summary>
    /// From now on the register of this snapshot is followed, which comes into force, and no other: two would write one file. A snapshot that is
    /// compiled and does not come into force changes nothing.
    /// </summary>
    public void Follow(GatewaySnapshot snapshot)
    {
        if (events is null) return; // nothing is served
        if (!ReferenceEquals(snapshot.Register, _register)) _register?.Stop();
        _register = snapshot.Register;
        if (_register is null) meter.Register.Age = null;
        else _register.Start();
    }

    private CompiledRoute Compile(
        Route route, GatewayDefinition definition, Dictionary<string, UpstreamClient> upstreams, CompileContext context) =>
        new(route, PoliciesOf(route, context), upstreams[route.Upstream])
        {
            Repeats = RepeatsOf(route, route.Upstream, definition),
            Canary = route.Canary is { } canary
                ? new CompiledCanary(upstreams[canary.Upstream], RepeatsOf(route, canary.Upstream, definition))
                : null,
            Mirror = route.Mirror is { } mirror ? RequestMirror.For(route.Id, mirror, upstreams[mirror.Upstream], state, clock, meter) : null,
        };

    private RepeatPlan? RepeatsOf(Route route, string upstream, GatewayDefinition definition) =>
        RepeatPlan.For(definition.Upstreams[upstream], route, state, clock, meter);

    private static IEnumerable<Listener> InOrder(GatewayDefinition definition, IReadOnlyList<string>? order) =>
        order is null ? definition.Listeners : order.Select(name => definition.Listeners.First(l => l.Name == name));

    private CompiledListener Compile(
        Listener listener,
        List<CompiledRoute> routes,
        CompileContext context,
        LoadedDeclaration? loaded)
    {
        var policies = new List<Policy>();
        foreach (var kind in PolicyCatalog.BeforeRoute)
            if (kind.Compile(listener, context) is { } policy) policies.Add(policy);
        var timed = routes.Count <= GatehouseMeter.MostTimedRoutes;
        var served = routes.Where(r => listener.Serves.Contains(r.Route.Exposure)).Select(r => r.On(listener, context.Meter, timed));
        return new CompiledListener(listener, [.. policies], RouteTable.Compile(served))
        {
            Certificate = loaded?.Certificates.GetValueOrDefault(listener.Name),
            Clients = loaded?.Clients.GetValueOrDefault(listener.Name) is { } clients ? new ClientTrust(clients, Fetched()) : null,
            FaultsAtEnd = context.Meter.FaultsAtEnd,
        };
    }

    /// <summary>What instances share; it connects only where something will be served.</summary>
    private SharedStore? StoreOf(GatewayDefinition definition)
    {
        if (definition.Store is not { } settings) return null;
        var store = state.Get("store", settings.Identity, () => new SharedStore(settings, clock, events, meter));
        if (events is not null) store.Start();
        return store;
    }

    /// <summary>What is kept of keys and suspensions. It is followed once a snapshot with it comes into force.</summary>
    private KnownRegister? RegisterOf(GatewayDefinition definition) => definition.Register is { } settings
        ? state.Get("register", settings.Identity, () => new KnownRegister(settings, clock, events, meter)) : null;

    private FetchedLists Fetched() => state.Get("revocation", "fetched", () => new FetchedLists(clock.GetUtcNow()));

    private Policy[] PoliciesOf(Route route, CompileContext context)
    {
        var policies = new List<Policy>();
        foreach (var kind in kinds)
            if (kind.Compile(route, context) is { } policy) policies.Add(policy);
        return [.. policies];
    }
}
