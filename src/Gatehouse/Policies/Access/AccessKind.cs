using System.Collections.Frozen;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Access;

/// <summary>Every route has it. What it decides about each consumer is known when the route is compiled.</summary>
internal sealed class AccessKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "access";

    public override Policy Compile(Route route, CompileContext context)
    {
        var access = route.Access;
        if (!string.IsNullOrWhiteSpace(access.Anonymous)) return context.Shared(KindName, static () => new AccessPolicy(null));
        var sameness = (KindName, string.Join(' ', access.Consumers.Select(c => c.Value)), string.Join(' ', access.Scopes.Select(s => s.Value)));
        return context.Shared(sameness, () => CompileVerdicts(access, context.Consumers));
    }

    private static AccessPolicy CompileVerdicts(Routes.Access access, ConsumerDirectory consumers)
    {
        var verdicts = new Dictionary<Consumer, Verdict>(ReferenceEqualityComparer.Instance);
        foreach (var id in access.Consumers)
            if (consumers.Find(id) is { } consumer) verdicts[consumer] = Decide(consumer, access.Scopes);
        return new AccessPolicy(verdicts.ToFrozenDictionary(ReferenceEqualityComparer.Instance));
    }

    private static Verdict Decide(Consumer consumer, IReadOnlyList<Scope> scopes)
    {
        foreach (var scope in scopes)
            if (!consumer.Grants.Contains(scope)) return Verdict.Reject(Problems.InsufficientScope, "the consumer lacks a scope of the route");
        return Verdict.Continue;
    }
}
