using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Cors;

/// <summary>
/// Of the connections that pages open (RFC 6455 section 10.2), lets through those of the named sites. Browsers ask no leave before a WebSocket, send
/// the visitor's certificate along and come from the visitor's network, so whatever page somebody looks at could speak for them. Who names no
/// origin is no page.
/// </summary>
/// <param name="origins">Exactly as browsers send them; none for no page at all, <c>*</c> for every one.</param>
internal sealed class HandshakePolicy(IReadOnlyList<string> origins) : Policy
{
    private readonly string[] _origins = [.. origins];
    private readonly bool _everybody = origins.Contains(CorsSpec.Everybody);

    public override string Name => CorsKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var origin = exchange.RequestHeaders.Origin;
        if (_everybody || origin.Count == 0) return new(Verdict.Continue);
        if (origin.Count == 1 && Array.IndexOf(_origins, origin[0]) >= 0) return new(Verdict.Continue);
        return new(Verdict.Reject(Problems.Forbidden, "a page of a site that the route does not name"));
    }
}
