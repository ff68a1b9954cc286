using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Pipeline;

/// <summary>
/// What is left of a request's body when its exchange is over. On a connection of HTTP/1.1 it would be read as the next request (RFC 9112 section
/// 9.3), so the connection ends with the response, and nothing that follows is taken for a request.
/// </summary>
internal static class LeftBody
{
    /// <summary>Whether the exchange leaves its connection in the middle of a body.</summary>
    public static bool Is(Exchange exchange) =>
        !exchange.RequestBodyRead
        && exchange.IsHttp1
        && exchange.Http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true };

    /// <summary>Tells the client, at the response's head, that the connection ends with it. A body that is read later changes nothing.</summary>
    public static void Announce(Exchange exchange)
    {
        if (Is(exchange)) exchange.ResponseHeaders.Connection = "close";
    }
}
