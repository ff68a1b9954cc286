using Gatehouse.Pipeline;
using Gatehouse.Register;

namespace Gatehouse.Policies.Suspensions;

/// <summary>
/// Refuses callers and routes that somebody has suspended, whatever the declaration says. While nothing is suspended an exchange costs one look at
/// one reference. Where nobody can say what is suspended, because nothing was ever read, nothing passes.
/// </summary>
internal sealed class SuspensionsPolicy(KnownRegister register, TimeProvider clock) : Policy
{
    public override string Name => SuspensionsKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var view = register.Current;
        return new(view.IsQuiet ? Verdict.Continue : Decide(exchange, view));
    }

    private Verdict Decide(Exchange exchange, RegisterView view)
    {
        if (!view.IsKnown) return Verdict.Reject(Problems.IdentityUnavailable, "nothing is known of what is suspended");
        if (exchange.Consumer is { } consumer && IsInForce(view.FindConsumer(consumer.Id.Value)))
            return Verdict.Reject(Problems.ConsumerSuspended, "the consumer is suspended");
        return exchange.Route is { } route && IsInForce(view.FindRoute(route.Id.Value))
            ? Verdict.Reject(Problems.RouteSuspended, "the route is suspended")
            : Verdict.Continue;
    }

    private bool IsInForce(Suspension? suspension) => suspension is not null && suspension.IsInForceAt(clock.GetUtcNow());
}
