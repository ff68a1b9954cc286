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
        var verdicts = new Dictionary<Consumer, Verdict>(ReferenceEqualityComparer.Instance);
        foreach (var id in route.Access.Consumers)
            if (context.Consumers.Find(id) is { } consumer) verdicts[consumer] = Decide(consumer, route.Access.Scopes);
        return new AccessPolicy(!string.IsNullOrWhiteSpace(route.Access.Anonymous), verdicts.ToFrozenDictionary(ReferenceEqualityComparer.Instance));
    }

    private static Verdict Decide(Consumer consumer, IReadOnlyList<Scope> scopes)
    {
        foreach (var scope in scopes)
            if (!consumer.Grants.Contains(scope)) return Verdict.Reject(Problems.InsufficientScope, "the consumer lacks a scope of the route");
        return Verdict.Continue;
    }
}
