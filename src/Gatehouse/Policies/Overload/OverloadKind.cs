using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Overload;

/// <summary>Every route has a priority, so every route can be shed.</summary>
internal sealed class OverloadKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "overload";

    private static readonly Key<Priority> PriorityKey = new(
        "priority",
        Shapes.OneOf(("low", Priority.Low), ("normal", Priority.Normal), ("high", Priority.High)),
        "How much the route matters while the gateway cannot serve everything: what is low is shed first, what is high last; normal unless written.");

    public override IReadOnlyList<Key> Keys => [PriorityKey];

    public override object? Read(RouteSource source) => source.Find(PriorityKey) is { } found ? new OverloadSpec(found.Value) : null;

    public override Policy Compile(Route route, CompileContext context)
    {
        var priority = SpecOf<OverloadSpec>(route)?.Priority ?? Priority.Normal;
        return context.Shared((KindName, priority), () => new OverloadPolicy(priority, ShortageOf(context.State), context.Meter));
    }

    /// <summary>The one shortage of the process.</summary>
    public static Shortage ShortageOf(StateStore state) => state.Get(KindName, "", static () => new Shortage());

    /// <summary>The word that stands for a priority.</summary>
    public static string Word(Priority priority) => priority switch
    {
        Priority.Low => "low",
        Priority.Normal => "normal",
        Priority.High => "high",
    };
}

/// <summary>What a route says of its priority.</summary>
internal sealed record OverloadSpec(Priority Priority);
