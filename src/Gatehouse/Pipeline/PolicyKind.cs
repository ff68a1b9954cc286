using Gatehouse.Assertions;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Register;
using Gatehouse.Routes;
using Gatehouse.Services;
using Gatehouse.Stores;
using Gatehouse.Telemetry;
using Gatehouse.Telemetry.Otlp;
using Gatehouse.Tokens;

namespace Gatehouse.Pipeline;

/// <summary>
/// What policies are compiled with: what lives longer than one snapshot, and what the snapshot's declaration says of the whole gateway.
/// </summary>
internal sealed class CompileContext
{
    private readonly Dictionary<object, object> _shared = [];

    public required TimeProvider Clock { get; init; }

    public required StateStore State { get; init; }

    public required ConsumerDirectory Consumers { get; init; }

    /// <summary>The gateway's name and environment: the same for all of its instances.</summary>
    public string Gateway { get; init; } = "";

    /// <summary>Every route of the declaration, for those that refer to another.</summary>
    public required IReadOnlyDictionary<RouteId, Route> Routes { get; init; }

    /// <summary>The key under which API keys are hashed; null when the declaration names none.</summary>
    public required Secret? Pepper { get; init; }

    /// <summary>Under whose name and keys backends are told who calls; null when the declaration names none.</summary>
    public AssertionIssuer? Assertions { get; init; }

    /// <summary>Says whether tokens are good.</summary>
    public required TokenVerifier Tokens { get; init; }

    /// <summary>The services that are asked whether calls may pass, by name.</summary>
    public required IReadOnlyDictionary<string, Authoriser> Authorisers { get; init; }

    /// <summary>Where tokens come from that upstreams want instead of the caller's, by the upstream's name.</summary>
    public required IReadOnlyDictionary<string, TokenExchange> TokenExchanges { get; init; }

    /// <summary>What instances of the gateway share; null when they share nothing.</summary>
    public SharedStore? Store { get; init; }

    /// <summary>What is known of issued keys and of what is suspended; null where the declaration has no register.</summary>
    public KnownRegister? Register { get; init; }

    /// <summary>The file in which what was spent of quotas is kept; null where nothing is.</summary>
    public string? QuotaFile { get; init; }

    /// <summary>Under what the trail keeps what is personal; null where the declaration has no trail.</summary>
    public InvestigationKey? Subjects { get; init; }

    /// <summary>The trail; null where there is none, and where nothing will be served.</summary>
    public AuditTrail? Trail { get; init; }
    /// <summary>Which exchanges are traced; null for none.</summary>
    public TraceRules? Traces { get; init; }

    /// <summary>Where spans go; null for nowhere.</summary>
    public OtlpChannel? Spans { get; init; }

    /// <summary>From when on what callers do is a security event.</summary>
    public SecurityRules Security { get; init; } = new();

    /// <summary>Whether durations are measured by the semantic conventions of HTTP too.</summary>
    public bool HttpMetrics { get; init; }

    public required LineSink AccessLog { get; init; }

    /// <summary>Tells the operator; null when nothing will be served.</summary>
    public EventWriter? Events { get; init; }

    /// <summary>What is measured; it outlives the snapshot.</summary>
    public required GatehouseMeter Meter { get; init; }

    /// <summary>
    /// One policy, or one part of policies, for all routes of the snapshot that would have the same: what ten thousand routes share stays in the
    /// processor's cache.
    /// </summary>
    /// <param name="sameness">A value that is equal where the policies would be: the kind's name, and everything it was compiled from.</param>
    public T Shared<T>(object sameness, Func<T> make)
        where T : class
    {
        if (!_shared.TryGetValue(sameness, out var shared)) _shared[sameness] = shared = make();
        return (T)shared;
    }
}

/// <summary>Something that is kept in a store which instances share.</summary>
/// <param name="Place">Where it is written.</param>
/// <param name="IsWritten">Whether it is written that it is shared: then it needs a store.</param>
/// <param name="IsPersonal">Whether it is kept for persons, credentials or addresses.</param>
internal sealed record StoreUse(Place Place, bool IsWritten, bool IsPersonal);

/// <summary>A kind of policy that acts before the route is known: compiled once for each listener.</summary>
internal abstract class ListenerPolicyKind(string name)
{
    public string Name { get; } = name;

    /// <summary>The policy for this listener, or null when the listener does not need it.</summary>
    public abstract Policy? Compile(Listener listener, CompileContext context);
}

/// <summary>A kind of policy that acts on a route: it reads its own keys and is compiled once for each route.</summary>
internal abstract class RoutePolicyKind(string name)
{
    public string Name { get; } = name;

    /// <summary>The keys that a route, an api or its <c>each</c> may carry for this policy.</summary>
    public virtual IReadOnlyList<Key> Keys => [];

    /// <summary>
    /// Reads the policy's keys for one route. Complaints go to the source's findings. Null when the route says nothing for this policy;
    /// otherwise what <see cref="Compile"/> finds in <see cref="Route.Specs"/> under <see cref="Name"/>.
    /// </summary>
    public virtual object? Read(RouteSource source) => null;

    /// <summary>Those of <see cref="Keys"/> that an environment may set too, to make what is declared stricter.</summary>
    public virtual IReadOnlyList<Key> EnvironmentKeys => [];

    /// <summary>
    /// What holds in an environment that sets one of <see cref="EnvironmentKeys"/>: what is declared where that is stricter. Complains
    /// where the environment would be looser.
    /// </summary>
    /// <param name="key">The key that is set.</param>
    /// <param name="declared">What the route, or its api for it, declares; null for nothing.</param>
    public virtual Node Tighten(Key key, Node? declared, Node environment, Findings findings) => declared ?? environment;

    /// <summary>The authoriser that what this kind has read names, or null: who is named has to be declared.</summary>
    /// <param name="specs">What every kind has read of the route.</param>
    public virtual Located<string>? AuthoriserOf(IReadOnlyDictionary<string, object> specs) => null;

    /// <summary>Where what this kind has read counts on calls for persons, or null: there have to be people then.</summary>
    /// <param name="specs">What every kind has read of the route.</param>
    public virtual Place? CountsPersonsAt(IReadOnlyDictionary<string, object> specs) => null;

    /// <summary>What this kind has read that is kept in a store which instances share, where there is one.</summary>
    /// <param name="specs">What every kind has read of the route.</param>
    public virtual IReadOnlyList<StoreUse> StoreUses(IReadOnlyDictionary<string, object> specs) => [];

    /// <summary>Where what this kind has read has to outlive the gateway, or null: there has to be a store of this instance then.</summary>
    /// <param name="specs">What every kind has read of the route.</param>
    public virtual Place? OutlivesAt(IReadOnlyDictionary<string, object> specs) => null;

    /// <summary>Complains about what this kind has read where it does not go with the rest of the route: its path, its effect.</summary>
    public virtual void Check(Route route, Findings findings)
    {
    }

    /// <summary>Complains about what this kind has read where several routes do not go together: what they share.</summary>
    public virtual void CheckTogether(IReadOnlyList<Route> routes, Findings findings)
    {
    }

    /// <summary>The policy for this route, or null when the route does not need it.</summary>
    public abstract Policy? Compile(Route route, CompileContext context);

    /// <summary>What this kind has read of the route, or null.</summary>
    protected T? SpecOf<T>(Route route)
        where T : class
        => route.Specs.GetValueOrDefault(Name) as T;
}
