using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Cors;

/// <summary>
/// Keeps a route closed to other sites' scripts whose <c>cors</c> names other methods: whatever its backend says, no origin may read an answer. It
/// answers no preflight; that gets what any other <c>OPTIONS</c> gets.
/// </summary>
internal sealed class ClosedPolicy : Policy
{
    public override string Name => CorsKind.KindName;

    public override void OnResponse(Exchange exchange) => CorsPolicy.TakeAwayBackends(exchange.ResponseHeaders);
}
