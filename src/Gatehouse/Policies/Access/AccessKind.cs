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
        if (!string.IsNullOrWhiteSpace(access.Anonymous)) return context.Shared(KindName, static () => new AccessPolicy(null, [], [], []));
        return context.Shared((KindName, SamenessOf(access)), () => CompileNamed(access, context.Consumers));
    }

    private static string SamenessOf(Routes.Access access) => string.Join(
        '\n',
        string.Join(' ', access.Consumers.Select(c => c.Value)),
        string.Join(' ', access.People),
        string.Join(' ', access.Scopes.Select(s => s.Value)),
        string.Join('\n', access.Claims.Select(c => $"{c.Name}\t{string.Join('\t', c.Values)}"))); // no name or value has these

    private static AccessPolicy CompileNamed(Routes.Access access, ConsumerDirectory consumers)
    {
        var named = new Dictionary<Consumer, Named>(ReferenceEqualityComparer.Instance);
        foreach (var id in access.Consumers)
            if (consumers.Find(id) is { } consumer) named[consumer] = Know(consumer, access.Scopes);
        return new AccessPolicy(
            named.ToFrozenDictionary(ReferenceEqualityComparer.Instance), [.. access.People], [.. access.Claims], [.. access.Scopes]);
    }

    private static Named Know(Consumer consumer, IReadOnlyList<Scope> scopes)
    {
        var granted = scopes.All(consumer.Grants.Contains);
        return new Named(granted, granted || (!consumer.BoundsTokens && consumer.Authenticate.Any(a => a.Token is not null)));
    }
}
