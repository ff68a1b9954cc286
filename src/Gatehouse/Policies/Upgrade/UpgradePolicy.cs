using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Upgrade;

/// <summary>
/// Lets a connection become another protocol only where the route says so (RFC 9110 section 7.8, RFC 8441 for HTTP/2). Everything but a proper
/// WebSocket handshake is refused, <c>h2c</c> included: it would open a tunnel past every policy.
/// </summary>
internal sealed class UpgradePolicy(bool webSocket) : Policy
{
    /// <summary>Bytes of the key of a handshake (RFC 6455 section 4.2.1).</summary>
    private const int KeyBytes = 16;

    private const int KeyLetters = 24;

    private static readonly Verdict Refused = Verdict.Reject(Problems.UpgradeNotAllowed, "the route does not allow this upgrade");

    public override string Name => UpgradeKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var request = exchange.Http.Request;
        if (HttpMethods.IsConnect(request.Method))
        {
            var connect = exchange.Http.Features.Get<IHttpExtendedConnectFeature>();
            return new(webSocket && connect is { IsExtendedConnect: true, Protocol: "websocket" } ? Verdict.Continue : Refused);
        }

        var asked = request.Headers.Upgrade;
        if (asked.Count == 0) return new(Verdict.Continue);
        return new(webSocket && IsWebSocket(request, asked) ? Verdict.Continue : Refused);
    }

    private static bool IsWebSocket(HttpRequest request, StringValues asked) =>
        asked.Count == 1 && string.Equals(asked[0], "websocket", StringComparison.OrdinalIgnoreCase) && HttpMethods.IsGet(request.Method)
        && request.Protocol == "HTTP/1.1" && Nominates(request.Headers.Connection, "upgrade") && !HasBody(request)
        && IsKey(request.Headers.SecWebSocketKey);

    /// <summary>
    /// Whether it is one key and a proper one: where the service speaks HTTP/2 the gateway answers it itself, and a handshake without one would
    /// never get to the service.
    /// </summary>
    private static bool IsKey(StringValues keys) =>
        keys is [{ Length: KeyLetters } key] && Convert.TryFromBase64String(key, stackalloc byte[KeyBytes], out var written) && written == KeyBytes;

    /// <summary>Nobody agrees whether such a body comes before the change of protocol or is the first of what follows it.</summary>
    private static bool HasBody(HttpRequest request) => request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0;

    private static bool Nominates(StringValues connection, ReadOnlySpan<char> option)
    {
        foreach (var value in connection)
        {
            var text = value.AsSpan();
            foreach (var range in text.Split(','))
                if (text[range].Trim(" \t").Equals(option, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
