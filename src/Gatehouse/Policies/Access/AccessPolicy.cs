using System.Collections.Frozen;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Access;

/// <summary>
/// Whether the caller may: the route names it and it holds every scope, or the route is anonymous and says why. Everything else is denied,
/// so that what was forgotten is closed.
/// </summary>
/// <param name="verdicts">About each consumer that the route names; null where everybody may call.</param>
internal sealed class AccessPolicy(FrozenDictionary<Consumer, Verdict>? verdicts) : Policy
{
    public override string Name => AccessKind.KindName;

    /// <summary>Whether everybody may call.</summary>
    public bool IsOpen => verdicts is null;

    /// <summary>The consumers that may call.</summary>
    public IReadOnlyList<Consumer> Admitted => [.. Named.Where(v => v.Value.Kind == VerdictKind.Continue).Select(v => v.Key)];

    /// <summary>The consumers that are named and may not call, because they lack a scope.</summary>
    public IReadOnlyList<Consumer> LackingScope => [.. Named.Where(v => v.Value.Kind != VerdictKind.Continue).Select(v => v.Key)];

    private IEnumerable<KeyValuePair<Consumer, Verdict>> Named => verdicts ?? Enumerable.Empty<KeyValuePair<Consumer, Verdict>>();

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (verdicts is null) return new(Verdict.Continue);
        if (exchange.Consumer is not { } consumer) return new(Verdict.Reject(Problems.Unauthenticated, "no credential"));
        return new(verdicts.TryGetValue(consumer, out var verdict)
            ? verdict
            : Verdict.Reject(Problems.Forbidden, "the route does not name this consumer"));
    }
}
