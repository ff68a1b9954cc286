using System.Net.Http;
using Microsoft.Net.Http.Headers;

namespace Gatehouse.Upstreams;

/// <summary>
/// Sends what may not be done twice. The client below sends a request without content again, whatever its method, when a connection ends before the
/// first byte of the answer (up to three times, and nobody above learns of it): the service may have acted by then. With content, be it of no bytes,
/// it does not.
/// </summary>
internal sealed class SingleSend(HttpMessageInvoker connections) : HttpMessageInvoker(Unused, disposeHandler: false)
{
    private static readonly HttpMessageHandler Unused = new SocketsHttpHandler();

    public override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is null && !IsHandshake(request)) request.Content = new ByteArrayContent([]);
        return connections.SendAsync(request, cancellationToken);
    }

    /// <summary>A handshake has no content, and does nothing yet.</summary>
    private static bool IsHandshake(HttpRequestMessage request) =>
        request.Method == HttpMethod.Connect || request.Headers.NonValidated.Contains(HeaderNames.Upgrade);
}
