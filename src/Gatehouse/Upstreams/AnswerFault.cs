using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Gatehouse.Upstreams;

/// <summary>
/// What is wrong with the head of a service's answer, beyond what the client below has refused by itself: an answer is passed on only when
/// everybody reads it alike (RFC 9112 section 6, RFC 9110 section 15). Whoever answers like this, its connection is not used again.
/// </summary>
internal static class AnswerFault
{
    public const string BodyWhereNoneMayBe = "the response has a body where none may be";

    public const string ShorterThanItSays = "the response is shorter than it says";

    public const string LongerThanItSays = "the response is longer than it says";

    /// <summary>Why the answer is not passed on, a constant text; null when it is.</summary>
    public static string? Of(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        if (status is not ((int)HttpStatusCode.SwitchingProtocols or (>= 200 and <= 599))) return "the response's status is none of HTTP";
        if (response.StatusCode == HttpStatusCode.SwitchingProtocols) return OfChange(response);
        if (response.Version.Major > 1 && HasFieldOfConnection(response)) return "the response has a field that belongs to another version";
        var framed = response.Headers.NonValidated.TryGetValues(HeaderNames.TransferEncoding, out var encoding);
        if (framed && response.Content.Headers.NonValidated.Contains(HeaderNames.ContentLength))
            return "the response says its length twice"; // it may be an attempt at response splitting
        if (framed && !string.Equals(encoding.ToString(), "chunked", StringComparison.OrdinalIgnoreCase))
            return "the response's Transfer-Encoding is not exactly chunked";
        if (framed && response.Version < HttpVersion.Version11)
            return "the response has a Transfer-Encoding in a version that has none"; // RFC 9112 section 6.1
        var bodiless = response.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.ResetContent;
        return bodiless && (framed || response.Content.Headers.ContentLength > 0) ? BodyWhereNoneMayBe : null;
    }

    /// <summary>Whether what the head says of a body is about one that follows (RFC 9110 sections 9.3.2 and 15.4.5).</summary>
    public static bool HasBody(string method, HttpStatusCode status) => status != HttpStatusCode.NotModified && !HttpMethods.IsHead(method);

    /// <summary>Whether no body follows an answer of this status (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5).</summary>
    public static bool IsBodiless(int status) =>
        status is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified;

    /// <summary>RFC 9113 section 8.2.2: who sends one has made an answer of HTTP/1.1 into one of HTTP/2 without reading it.</summary>
    private static bool HasFieldOfConnection(HttpResponseMessage response)
    {
        var fields = response.Headers.NonValidated;
        return fields.Contains(HeaderNames.Connection) || fields.Contains(HeaderNames.TransferEncoding) || fields.Contains(HeaderNames.Upgrade)
            || fields.Contains(HeaderNames.KeepAlive) || fields.Contains(HeaderNames.ProxyConnection);
    }

    /// <summary>What is asked for is a WebSocket and nothing else, so that nothing else can have been agreed to.</summary>
    private static string? OfChange(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues(HeaderNames.Upgrade, out var protocol)
            && string.Equals(protocol.ToString(), "websocket", StringComparison.OrdinalIgnoreCase)
            ? null : "the service changed to a protocol that nobody asked for";
}
