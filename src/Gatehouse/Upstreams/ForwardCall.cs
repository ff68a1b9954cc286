using System.Net;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;

namespace Gatehouse.Upstreams;

/// <summary>
/// One exchange on its way to a destination and back. The destination is sent exactly the path and query that were decided on, the header fields as
/// the policies left them, its own host, and what the gateway knows of the client; the client is sent the destination's answer.
/// </summary>
internal sealed class ForwardCall(Exchange exchange, ForwardTimer timer, TimeProvider clock, InsideAddresses inside) : HttpTransformer
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>What the destination is asked for as; null for its address.</summary>
    public string? Host { get; set; }

    /// <summary>The attempt as it is traced; null where nothing is.</summary>
    public AttemptTrace? Attempt { get; set; }

    /// <summary>What the exchange has left of further attempts; null for none.</summary>
    public Repeats? Repeats { get; init; }

    /// <summary>Whether the response was given up, because another attempt follows.</summary>
    public bool IsReplaced { get; private set; }

    /// <summary>The status of the destination's answer; 0 while there is none.</summary>
    public int Status { get; set; }

    /// <summary>Whether the response was passed on to its end.</summary>
    public bool Completed { get; private set; }

    /// <summary>Why the response was not passed on, or null.</summary>
    public string? Refusal { get; private set; }

    /// <summary>What the client is told then.</summary>
    public Problem RefusedAs { get; private set; } = Problems.UpstreamFailed;

    /// <summary>The length that the response's head says of a body that follows; <see cref="long.MaxValue"/> for none.</summary>
    public long Announced { get; private set; } = long.MaxValue;

    /// <summary>Whether something of the gateway's own threw at the response's head.</summary>
    public bool PolicyThrew { get; private set; }

    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        var received = exchange.RequestHeaders;
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);

        // the options say: the bytes that were matched and decided on are the bytes that are sent; a path always begins with its slash
        proxyRequest.RequestUri = new Uri(string.Concat(destinationPrefix, exchange.ForwardedPath ?? exchange.Path, exchange.Query), AsWritten);
        var sent = proxyRequest.Headers;
        sent.Host = Host;
        if (received.ContainsKey(HeaderNames.Expect)) sent.Remove(HeaderNames.Expect); // the gateway asks the client for the body itself
        if (received.ContainsKey("Forwarded")) sent.Remove("Forwarded");
        Replace(sent, received, "X-Forwarded-For", exchange.Client.ToString());
        Replace(sent, received, "X-Forwarded-Proto", httpContext.Request.Scheme);
        Replace(sent, received, "X-Forwarded-Host", exchange.Host);
        Replace(sent, received, "X-Request-Id", exchange.RequestId);
        if (exchange.Assertion is { } assertion) Replace(sent, received, GatewayHeaders.Assertion, assertion);
        if (exchange.Via is { } via) Replace(sent, received, HeaderNames.Via, via);
        if (Attempt is not null) Replace(sent, received, HeaderNames.TraceParent, Attempt.Header);
    }

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null) return false; // there was no answer: the caller says so
        timer.HeadArrived();
        Status = (int)proxyResponse.StatusCode;
        if (Repeats is not null && Repeats.Replaces(proxyResponse)) return GiveUp(httpContext);
        exchange.Forward.HeadAt = clock.GetTimestamp();
        exchange.Forward.Status = Status;
        Refusal = TakeOverUnlessRefused(proxyResponse);
        if (Refusal is not null) return false;
        var headers = exchange.ResponseHeaders;
        var keepsBody = !exchange.Answers.ReplaceErrors || !AnswerErrors.IsPage(proxyResponse);
        if (!keepsBody) LeaveBodyOut(headers);
        // the service's own words for a status mean nothing to a client and may hold anything
        httpContext.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = null;
        headers["X-Request-Id"] = exchange.RequestId;
        exchange.Status = httpContext.Response.StatusCode;
        ShowToPolicies();
        if (proxyResponse.StatusCode == HttpStatusCode.SwitchingProtocols) return true;
        LeftBody.Announce(exchange);
        if (!keepsBody) return false;
        var body = httpContext.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        // the client below holds services of HTTP/1.1 to it, and those of HTTP/2 not
        if (headers.ContentLength is { } length && AnswerFault.HasBody(exchange.Method, proxyResponse.StatusCode)) Announced = length;
        httpContext.Features.Set<IHttpResponseBodyFeature>(new CountedResponse(exchange, body, Announced));
        // its first word may be long in coming, or wait for the head; an answer of gRPC that has its status already has none: only together with its
        // end is it one that clients of HTTP/2 take (Trailers-Only, https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md)
        if (IsConversation(headers.ContentType) && !headers.ContainsKey(HeaderNames.GrpcStatus)) await body.Stream.FlushAsync(cancellationToken);
        return true;
    }

    public override ValueTask TransformResponseTrailersAsync(
        HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken)
    {
        if (Announced != long.MaxValue && exchange.ResponseBytes != Announced) Refusal = exchange.Forward.Fault = AnswerFault.ShorterThanItSays;
        else if (TakeOverTrailers(httpContext, proxyResponse)) Completed = true;
        else Refusal = exchange.Forward.Fault = "the response has a trailer that cannot be passed on";
        return default;
    }

    /// <summary>Leaves nothing of the response: its status alone was taken over.</summary>
    private bool GiveUp(HttpContext http)
    {
        IsReplaced = true;
        http.Response.StatusCode = StatusCodes.Status200OK;
        http.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = null;
        return false;
    }

    /// <summary>Takes over the head, or says why the answer is refused. What the route does not want is no fault of the service's.</summary>
    private string? TakeOverUnlessRefused(HttpResponseMessage response)
    {
        var forward = exchange.Forward;
        forward.Fault = AnswerFault.Of(response);
        if (forward.Fault is not null) return forward.Fault;
        if (RefusalByRoute(response) is { } refusal) return refusal;
        forward.Fault = TakeOver(response);
        return forward.Fault;
    }

    /// <summary>Why the route does not want the answer, or null.</summary>
    private string? RefusalByRoute(HttpResponseMessage response)
    {
        var rules = exchange.Answers;
        if (rules.ReplaceErrors && AnswerErrors.Replacement(response.StatusCode) is { } problem)
        {
            RefusedAs = problem;
            return "the service's error is not passed on";
        }

        if (rules.Most == long.MaxValue || !AnswerFault.HasBody(exchange.Method, response.StatusCode)) return null;
        return response.Content.Headers.ContentLength > rules.Most ? "the response is larger than the route allows" : null;
    }

    private void LeaveBodyOut(IHeaderDictionary headers)
    {
        foreach (var name in AnswerErrors.OfBodies) headers.Remove(name);
        headers.ContentLength = 0;
        exchange.Reason = "the service's error page was left out";
    }

    /// <summary>Takes over the head. Null, or why it cannot be passed on.</summary>
    private string? TakeOver(HttpResponseMessage response)
    {
        var headers = exchange.ResponseHeaders;
        var joins = headers.Count > 0; // a policy has said something before
        try
        {
            AnswerFields.Copy(response.Headers, headers, inside, joins);
            AnswerFields.Copy(response.Content.Headers, headers, inside, joins);
        }
        catch (InvalidOperationException)
        {
            return "the response has a header field that cannot be passed on"; // control characters, or a length that is none
        }

        if (response.Headers.NonValidated.TryGetValues(HeaderNames.Connection, out var named)) RemoveNamed(named.ToString(), headers);
        return null;
    }

    /// <summary>Takes over the trailers; policies see heads only. False where one cannot be passed on, and then there is none.</summary>
    private static bool TakeOverTrailers(HttpContext http, HttpResponseMessage response)
    {
        if (http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers is not { IsReadOnly: false } trailers) return true;
        try
        {
            AnswerFields.CopyTrailers(response.TrailingHeaders, trailers);
            return true;
        }
        catch (InvalidOperationException)
        {
            trailers.Clear(); // they would follow the refusal
            return false;
        }
    }

    private static bool IsConversation(string? contentType) =>
        contentType is not null
        && (contentType.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase)
            || contentType.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase));

    private void ShowToPolicies()
    {
        try
        {
            exchange.Walk.OnResponse(exchange);
        }
        catch (Exception)
        {
            PolicyThrew = true;
            throw;
        }
    }

    private static void Replace(System.Net.Http.Headers.HttpRequestHeaders sent, IHeaderDictionary received, string name, string value)
    {
        if (received.ContainsKey(name)) sent.Remove(name);
        sent.TryAddWithoutValidation(name, value);
    }

    // fields that Connection names are for one connection alone (RFC 9110 section 7.6.1); intake removes those of requests
    private static void RemoveNamed(string connection, IHeaderDictionary headers)
    {
        foreach (var part in connection.AsSpan().Split(','))
        {
            var name = connection.AsSpan()[part].Trim();
            if (!name.IsEmpty && !FramesTheMessage(name)) headers.Remove(name.ToString());
        }
    }

    private static bool FramesTheMessage(ReadOnlySpan<char> name) =>
        name.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase)
        || name.Equals(HeaderNames.TransferEncoding, StringComparison.OrdinalIgnoreCase);
}
