using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Streams;

/// <summary>
/// Bounds what a client address has under way at once, until the answers have left, where its connections do not bound it: streams of HTTP/2, and
/// requests that a trusted proxy brings for it. An exchange of HTTP/1.1 that comes straight from the client is alone on its connection, and costs
/// nothing here.
/// </summary>
internal sealed class StreamsPolicy(Listener listener, AddressShares shares) : Policy
{
    private readonly int _most = listener.Intake.StreamsPerAddress;

    public override string Name => StreamsKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (!Counts(exchange) || shares.TryTake(AddressKey.Of(exchange.Client.Value), _most)) return new(Verdict.Continue);
        return new(Verdict.Reject(Problems.TooManyStreams, "the address has too many requests under way"));
    }

    public override void OnFinished(Exchange exchange)
    {
        if (!Counts(exchange) || ReferenceEquals(exchange.Problem, Problems.TooManyStreams)) return;
        var address = AddressKey.Of(exchange.Client.Value);
        if (exchange.Stream != 0 && exchange.Connection?.Streams is { } streams) streams.GiveBackAtEnd(exchange.Stream, shares, address);
        else shares.GiveBack(address);
    }

    private bool Counts(Exchange exchange)
    {
        var opener = exchange.ProxiedFor ?? exchange.Peer.Value;
        if (!ReferenceEquals(exchange.Client.Value, opener)) return true;
        if (exchange.IsHttp1) return false;
        return listener.Proxies is not { } proxies || !proxies.Networks.Contain(opener); // what a proxy says of nobody is nobody's
    }
}
