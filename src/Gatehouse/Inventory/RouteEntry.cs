using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Policies.Access;
using Gatehouse.Policies.Addresses;
using Gatehouse.Policies.Assert;
using Gatehouse.Policies.Authorize;
using Gatehouse.Policies.Body;
using Gatehouse.Policies.Cors;
using Gatehouse.Policies.Identify;
using Gatehouse.Policies.Lifecycle;
using Gatehouse.Policies.Limits;
using Gatehouse.Policies.Overload;
using Gatehouse.Policies.Record;
using Gatehouse.Routes;
using Gatehouse.Runtime;
using Gatehouse.Upstreams;

namespace Gatehouse.Inventory;

/// <summary>One route as it is served: its decisions, and what its compiled policies say that they enforce.</summary>
/// <param name="listeners">The listeners whose tables hold the route, and where a host that it names may be asked for.</param>
/// <param name="now">The instant against which its end and its review are judged.</param>
internal sealed class RouteEntry(CompiledRoute compiled, IReadOnlyList<Listener> listeners, DateTimeOffset now)
{
    public Route Route { get; } = compiled.Route;

    public IReadOnlyList<Listener> Listeners { get; } = listeners;

    /// <summary>The name of the route's api.</summary>
    public string Api => Route.Id.Value[..Route.Id.Value.IndexOf('/', StringComparison.Ordinal)];

    /// <summary>Whether somebody without a credential is let through.</summary>
    public bool IsAnonymous { get; } = Find<AccessPolicy>(compiled) is { IsOpen: true };

    /// <summary>The consumers that are let through.</summary>
    public IReadOnlyList<Consumer> Admitted { get; } = Find<AccessPolicy>(compiled)?.Admitted ?? [];

    /// <summary>The consumers that the route names and that are refused all the same, because they lack a scope.</summary>
    public IReadOnlyList<Consumer> LackingScope { get; } = Find<AccessPolicy>(compiled)?.LackingScope ?? [];

    /// <summary>The people whom callers have to speak for; empty when they may speak for nobody.</summary>
    public IReadOnlyList<string> People { get; } = Find<AccessPolicy>(compiled)?.People ?? [];

    /// <summary>Why the backend gets the client's credential too, or null when it does not.</summary>
    public string? ForwardReason { get; } = Find<IdentifyPolicy>(compiled)?.ForwardReason;

    /// <summary>What is asked of an authoriser, or null when none is asked.</summary>
    public AuthorizeSpec? Authorize { get; } = Find<AuthorizePolicy>(compiled)?.Spec;

    /// <summary>What scripts of other sites may do, or null when browsers keep them away.</summary>
    public CorsSpec? Cors { get; } = Find<CorsPolicy>(compiled)?.Spec;

    /// <summary>How the backend is told who calls.</summary>
    public AssertionUse Assertion { get; } =
        Find<AssertPolicy>(compiled) is not null ? AssertionUse.Reuse
        : Find<AssertEachPolicy>(compiled) is not null ? AssertionUse.PerRequest
        : AssertionUse.None;

    /// <summary>What is recorded of its calls in the trail, or null for no more than refusals.</summary>
    public string? Recorded { get; } =
        Find<IntentPolicy>(compiled) is not null ? "intent" : Find<AccountPolicy>(compiled) is not null ? "record" : null;

    /// <summary>Limits and quotas.</summary>
    public IReadOnlyList<Limit> Limits { get; } =
        Find<LimitsPolicy>(compiled)?.Limits ?? Find<MixedLimitsPolicy>(compiled)?.Limits ?? Find<SharedLimitsPolicy>(compiled)?.Limits ?? [];

    /// <summary>What a call takes of those that count cost.</summary>
    public int CallCost { get; } = Find<MixedLimitsPolicy>(compiled)?.CallCost ?? Find<SharedLimitsPolicy>(compiled)?.CallCost ?? 1;

    /// <summary>How much it matters while the gateway is short.</summary>
    public Priority Priority { get; } = Find<OverloadPolicy>(compiled)?.Priority ?? Priority.Normal;

    public AddressRules? Addresses { get; } = Find<RouteAddressesPolicy>(compiled)?.Rules;

    /// <summary>The body's bound, or null when nothing bounds it.</summary>
    public BodyPolicy? Body { get; } = Find<BodyPolicy>(compiled);

    /// <summary>What callers are told of the route's end, or null.</summary>
    public Lifecycle? Lifecycle { get; } = Find<LifecyclePolicy>(compiled)?.Lifecycle;

    public LifecycleStage Stage => Lifecycle?.StageAt(now) ?? LifecycleStage.Current;

    public bool IsReviewDue => Route.Review is { } day && day <= DateOnly.FromDateTime(now.UtcDateTime);

    /// <summary>The servers that answer, as exchanges would choose among them.</summary>
    public IReadOnlyList<string> Destinations { get; } =
        [.. compiled.Upstream.Destinations, .. compiled.Canary?.Upstream.Destinations ?? []];

    /// <summary>How its calls are sent more than once, or null when each is sent once.</summary>
    public RepeatPlan? Repeats { get; } = compiled.Repeats;

    /// <summary>Every upstream that gets its requests, or copies of them.</summary>
    public IEnumerable<string> Upstreams => new[] { Route.Upstream, Route.Canary?.Upstream, Route.Mirror?.Upstream }.OfType<string>();

    /// <summary>The names of the route's policies, in the order in which they decide.</summary>
    public IReadOnlyList<string> Policies { get; } = [.. compiled.Policies.Select(p => p.Name)];

    /// <summary>Whether the consumer of this name is let through.</summary>
    public bool Admits(string consumer) => IsAnonymous || Admitted.Any(c => c.Id.Value == consumer);

    private static T? Find<T>(CompiledRoute compiled)
        where T : class
    {
        foreach (var policy in compiled.Policies)
            if (policy is T found) return found;
        return null;
    }
}
