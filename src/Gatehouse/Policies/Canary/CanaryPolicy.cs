using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Policies.Canary;

/// <summary>Sends a part of the exchanges to the canary, and counts how they end.</summary>
/// <param name="main">The upstream that gets all the others.</param>
/// <param name="sticky">Null where each exchange is drawn for itself.</param>
internal sealed class CanaryPolicy(Routes.Canary canary, string main, CanaryWatch watch, StickyDraw? sticky, Random random) : Policy
{
    public override string Name => CanaryKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        exchange.OnCanary = (sticky?.Of(exchange) ?? random.NextDouble()) < canary.Share.Fraction && watch.TakesCalls();
        exchange.Forward.Upstream = exchange.OnCanary ? canary.Upstream : main;
        return new(Verdict.Continue);
    }

    public override void OnFinished(Exchange exchange)
    {
        if (exchange.OnCanary && (exchange.Forward.BeganAt != 0 || IsOut(exchange))) watch.Count(HasFailed(exchange));
    }

    /// <summary>
    /// Whether nothing was sent because the canary's upstream cannot be used: forwarding alone refuses so. A full bulkhead says how much is asked of
    /// it, not how it answers, and does not count: whatever holds the places does, when it ends.
    /// </summary>
    private static bool IsOut(Exchange exchange) =>
        ReferenceEquals(exchange.Problem, Problems.UpstreamUnavailable) || ReferenceEquals(exchange.Problem, Problems.CircuitOpen);

    /// <summary>
    /// Whether the upstream is to blame: it said so itself, or what the client was told instead. A deadline that passes while the client sends its
    /// request or takes the answer says nothing of it.
    /// </summary>
    private static bool HasFailed(Exchange exchange) =>
        exchange.Forward.Status >= StatusCodes.Status500InternalServerError
        || exchange.Problem is { Source: ProblemSource.Upstream }
        || (ReferenceEquals(exchange.Problem, Problems.DeadlineExceeded) && exchange.Forward.HeadAt == 0 && !exchange.Forward.WaitsForClient);
}
