using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Addresses;

/// <summary>Every listener has it: it says who the client is, and refuses those that the listener does not take.</summary>
internal sealed class ListenerAddressesKind() : ListenerPolicyKind(KindName)
{
    public const string KindName = "addresses";

    public override Policy Compile(Listener listener, CompileContext context) => new ListenerAddressesPolicy(listener, context.Clock);
}

/// <summary>
/// Finds the client's address, by the word of trusted proxies where there are any, and removes what was said of it: the gateway says it to the
/// backend itself. Connections from outside the listener's networks are refused by the server already; a second look costs nothing.
/// </summary>
internal sealed class ListenerAddressesPolicy(Listener listener, TimeProvider clock) : Policy
{
    /// <summary>What the first proxy says before the connection's first byte is the first hop; header fields say the others.</summary>
    private readonly TrustedProxies? _proxies =
        listener is { ProxyProtocol: true, Proxies: { } all } ? all with { Hops = all.Hops - 1 } : listener.Proxies;

    private readonly Problem _refusal = AddressRefusal.For(listener.Serves.Contains(Exposure.Partner));

    public override string Name => ListenerAddressesKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var peer = exchange.Peer.Value.IsIPv4MappedToIPv6 ? exchange.Peer.Value.MapToIPv4() : exchange.Peer.Value;
        var source = exchange.ProxiedFor ?? peer;
        exchange.Client = new ClientAddress(source);
        if (listener.Networks is { } networks && !networks.Contain(peer))
            return new(Verdict.Reject(_refusal, "the peer is outside the listener's networks"));
        if (_proxies is { } proxies)
        {
            if (ForwardedChain.FindClient(exchange.RequestHeaders, proxies, source, out var client) is { } fault)
                return new(Verdict.Reject(Problems.MalformedRequest, fault));
            exchange.Client = new ClientAddress(client);
        }

        exchange.RequestHeaders.Remove("X-Forwarded-For");
        exchange.RequestHeaders.Remove("Forwarded");
        return new(listener.Addresses is not { } rules || rules.Admit(exchange.Client.Value, clock)
            ? Verdict.Continue : Verdict.Reject(_refusal, "the listener does not take this client's address"));
    }
}
