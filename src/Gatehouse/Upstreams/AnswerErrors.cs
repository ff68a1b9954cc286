using System.Net;
using Gatehouse.Pipeline;

namespace Gatehouse.Upstreams;

/// <summary>
/// Errors of services, for routes that keep their words from clients: traces, queries, names of hosts and products are what errors are made of.
/// </summary>
internal static class AnswerErrors
{
    /// <summary>What describes a body that is left out.</summary>
    public static readonly string[] OfBodies =
    [
        "Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Content-Range", "Content-MD5", "Content-Digest",
        "Repr-Digest", "Digest", "ETag", "Last-Modified", "Accept-Ranges", "Trailer",
    ];

    /// <summary>What a client is told in the place of such an answer; null for one that is not replaced.</summary>
    public static Problem? Replacement(HttpStatusCode status) => status switch
    {
        < HttpStatusCode.InternalServerError => null,
        HttpStatusCode.ServiceUnavailable => Problems.UpstreamUnavailable,
        HttpStatusCode.GatewayTimeout => Problems.UpstreamTimeout,
        _ => Problems.UpstreamFailed,
    };

    /// <summary>Whether it is an error that is written for people: what frameworks and servers say when no application has a word for it.</summary>
    public static bool IsPage(HttpResponseMessage response) =>
        (int)response.StatusCode >= 400
        && response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type)
        && type.ToString().Contains("html", StringComparison.OrdinalIgnoreCase); // application/xhtml+xml too
}
