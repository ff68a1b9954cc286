using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Policies.Body;

/// <summary>
/// Bounds the request's body. What changes something is read to its end before a backend hears of it, so that no backend acts on half a request;
/// the rest is counted while it is forwarded. Where there is no body, nothing is done.
/// </summary>
internal sealed class BodyPolicy(long max, bool whole, bool upgrades, Spool spool) : Policy
{
    public override string Name => BodyKind.KindName;

    /// <summary>The most bytes that a body may have.</summary>
    public long Max { get; } = max;

    /// <summary>Whether the backend gets the body when it is complete.</summary>
    public bool Whole { get; } = whole;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var request = exchange.Http.Request;
        if (!HasBody(exchange.Http)) return new(Verdict.Continue);
        if (IsUpgrade(exchange.Http)) return new(Verdict.Continue);
        if (IsEncoded(request)) return new(Verdict.Reject(Problems.EncodedBody, "the body has a content coding"));
        if (request.ContentLength > Max) return new(Verdict.Reject(Problems.BodyTooLarge, "the announced length is over the route's"));
        // of chunks the server counts the lines between them too: those are bounded where they are seen, and the bytes are counted here
        long? most = exchange.IsHttp1 && request.ContentLength is null ? null : Max;
        if (exchange.Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server) server.MaxRequestBodySize = most;
        if (Whole) return ReadWholeAsync(exchange);
        request.Body = new CountedBody(request.Body, Max, exchange);
        return new(Verdict.Continue);
    }

    public override void OnFinished(Exchange exchange) => exchange.WholeBody?.Dispose();

    private static bool HasBody(HttpContext http) =>
        http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody
        ?? (http.Request.ContentLength > 0 || http.Request.Headers.TransferEncoding.Count > 0);

    /// <summary>
    /// What a body is when it is unpacked has no bound here, and nothing that is told of it was checked (RFC 9110 section 8.4): none is taken.
    /// </summary>
    private static bool IsEncoded(HttpRequest request)
    {
        foreach (var coding in request.Headers.ContentEncoding)
            if (!string.Equals(coding, "identity", StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    /// <summary>What follows an upgrade is a conversation, not a body. Over HTTP/1.1 such a request cannot have one at all.</summary>
    private bool IsUpgrade(HttpContext http) =>
        http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
        || (upgrades && http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true });

    private async ValueTask<Verdict> ReadWholeAsync(Exchange exchange)
    {
        var request = exchange.Http.Request;
        var reader = new WholeBodyReader(new CountedBody(request.Body, Max, exchange), spool);
        try
        {
            var body = await reader.ReadAsync(request.ContentLength, exchange.Http.RequestAborted);
            exchange.WholeBody = body;
            request.Body = body;
            request.Headers.Remove("Transfer-Encoding"); // the body is forwarded with the length that it turned out to have
            request.ContentLength = body.Length;
            return Verdict.Continue;
        }
        catch (SpoolFullException)
        {
            return Verdict.Reject(Problems.Overloaded, "no room for another body");
        }
        catch (Exception e) when (exchange.BodyProblem is { } problem)
        {
            exchange.Failure = e;
            return Verdict.Reject(problem, "the body could not be read to its end");
        }
        catch (Exception e) when (exchange.ClientIsGone)
        {
            exchange.Failure = e;
            return ClientLeft.End(exchange);
        }
    }
}
