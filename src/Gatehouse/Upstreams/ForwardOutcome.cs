using System.Net.Http;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Gatehouse.Upstreams;

/// <summary>Says what went wrong with a forwarded exchange, and whose fault it is.</summary>
internal static class ForwardOutcome
{
    private const string Flood = "the service sent a flood of frames";

    /// <summary>Whether it is certain that nothing was sent, so that another destination may be tried: no connection came about.</summary>
    public static bool NeverConnected(ForwarderError error, Exception? exception) => error switch
    {
        ForwarderError.Request => exception is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
        },
        ForwarderError.RequestTimedOut => IsConnectTimeout(exception),
        _ => false,
    };

    /// <summary>The verdict about an exchange whose forwarding failed. When the response has begun, a refusal cuts the connection.</summary>
    public static Verdict Of(Exchange exchange, ForwardCall call, Expiry expired, ForwarderError error, Exception? exception)
    {
        exchange.Failure = exception;
        if (call.Completed)
        {
            // the answer is whole; only the rest of the request was not wanted
            exchange.Reason = "the request's body was not read to its end";
            return Verdict.Answered;
        }

        if (exchange.Forward.Fault is { } fault) return Refuse(exchange, Problems.UpstreamFailed, fault);
        if (exchange.Forward.IsTooLong) return Refuse(exchange, Problems.UpstreamFailed, "the response grew larger than the route allows");
        if (expired == Expiry.Deadline) return Refuse(exchange, Problems.DeadlineExceeded, "the route's deadline has passed");
        if (expired == Expiry.Head) return Refuse(exchange, Problems.UpstreamTimeout, "no response head in time");
        // YARP has aborted the client's request then, so that half a response does not look whole: the client had not left, it took nothing
        if (error == ForwarderError.ResponseBodyClient && WasSilent(exception)) return OfSilence(exchange, error, exception);
        if (exchange.ClientIsGone || (exchange.Http.RequestAborted.IsCancellationRequested && !CutByForwarder(error)))
            return ClientLeft.End(exchange);
        if (exchange.BodyProblem is { } bodyProblem) return Refuse(exchange, bodyProblem, "the body could not be read to its end");
        if (call.PolicyThrew) return RefuseFor(exchange, exchange.DecidedBy, Problems.InternalError, "a policy threw at the response");
        return WasSilent(exception) ? OfSilence(exchange, error, exception) : OfError(exchange, error, exception);
    }

    /// <summary>Refuses. What was already copied of a response that was not sent is taken back.</summary>
    public static Verdict Refuse(Exchange exchange, Problem problem, string reason) => RefuseFor(exchange, "forward", problem, reason);

    private static Verdict RefuseFor(Exchange exchange, string? decidedBy, Problem problem, string reason)
    {
        exchange.DecidedBy = decidedBy;
        if (exchange.Forward.HeadAt != 0 && !exchange.Http.Response.HasStarted) exchange.Http.Response.Clear();
        return Verdict.Reject(problem, reason);
    }

    // YARP itself has aborted the request then, so that half a response does not look whole: this says nothing of the client
    private static bool CutByForwarder(ForwarderError error) => error == ForwarderError.ResponseBodyDestination;

    /// <summary>Nobody failed; somebody did nothing for longer than the idle timeout. Whose turn it was says the error.</summary>
    private static Verdict OfSilence(Exchange exchange, ForwarderError error, Exception? exception) => error switch
    {
        ForwarderError.RequestBodyClient => Refuse(exchange, Problems.RequestTimeout, "the client sent nothing for longer than the idle timeout"),
        ForwarderError.ResponseBodyClient => Ended(exchange, "the client took nothing for longer than the idle timeout"),
        ForwarderError.UpgradeActivityTimeout => Ended(exchange, "the upgraded connection was idle for too long"),
        _ when IsConnectTimeout(exception) => Refuse(exchange, Problems.UpstreamTimeout, "no connection in time"),
        _ => Refuse(exchange, Problems.UpstreamTimeout, "silent for longer than the idle timeout"),
    };

    private static Verdict OfError(Exchange exchange, ForwarderError error, Exception? exception) => error switch
    {
        ForwarderError.RequestBodyClient when BrokeWithinRequest(exception) => Refuse(exchange, Problems.UpstreamFailed, WhyNoHead(exception)),
        ForwarderError.RequestBodyClient => OfRequestBody(exchange, exception),
        ForwarderError.ResponseBodyClient => ClientLeft.End(exchange),
        ForwarderError.ResponseBodyDestination => Refuse(exchange, Problems.UpstreamFailed, WhyBodyEnded(exception)),
        ForwarderError.UpgradeResponseClient when !exchange.Http.Response.HasStarted =>
            Refuse(exchange, Problems.UpstreamFailed, "the service changed the protocol without being asked"),
        ForwarderError.UpgradeRequestCanceled or ForwarderError.UpgradeRequestClient or ForwarderError.UpgradeRequestDestination
            or ForwarderError.UpgradeResponseCanceled or ForwarderError.UpgradeResponseClient or ForwarderError.UpgradeResponseDestination =>
            Ended(exchange, "the upgraded connection was cut"),
        _ when NeverConnected(error, exception) => Refuse(exchange, Problems.UpstreamFailed, "no destination could be connected to"),
        _ => Refuse(exchange, Problems.UpstreamFailed, WhyNoHead(exception)),
    };

    private static Verdict Ended(Exchange exchange, string reason)
    {
        exchange.Reason = reason;
        exchange.Http.Abort();
        return Verdict.Answered;
    }

    private static string WhyNoHead(Exception? exception) => (exception as HttpRequestException)?.HttpRequestError switch
    {
        _ when IsFlood(exception) => Flood,
        HttpRequestError.InvalidResponse => "the response is not HTTP",
        HttpRequestError.ResponseEnded => "the service closed the connection before its response's head was whole",
        HttpRequestError.ConfigurationLimitExceeded => "the response's head is too large",
        _ => "the service did not answer properly",
    };

    private static string WhyBodyEnded(Exception? exception) => ErrorIn(exception) switch
    {
        _ when IsFlood(exception) => Flood,
        HttpRequestError.InvalidResponse => "the response's chunks or trailers are malformed",
        HttpRequestError.ConfigurationLimitExceeded => "the response's chunks or trailers are too large",
        _ => "the response broke off",
    };

    private static bool IsFlood(Exception? exception) =>
        exception is not null && (exception is ServiceFloodException || IsFlood(exception.InnerException));

    private static HttpRequestError? ErrorIn(Exception? exception) => exception switch
    {
        null => null,
        HttpIOException inBody => inBody.HttpRequestError,
        HttpRequestException inTrailers => inTrailers.HttpRequestError,
        _ => ErrorIn(exception.InnerException),
    };

    private static Verdict OfRequestBody(Exchange exchange, Exception? exception) => BadRequestIn(exception)?.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => Refuse(exchange, Problems.BodyTooLarge, "the body is over the limit"),
        StatusCodes.Status408RequestTimeout => Refuse(exchange, Problems.RequestTimeout, "the body came too slowly"),
        null when exchange.WholeBody is not null => Refuse(exchange, Problems.InternalError, "the body that was kept could not be read"),
        _ => Refuse(exchange, Problems.MalformedRequest, "the body could not be read"),
    };

    /// <summary>Whether nobody failed, but somebody did nothing for too long. The body's own failure comes first where there are several.</summary>
    public static bool WasSilent(Exception? exception) =>
        (exception is OperationCanceledException or AggregateException { InnerExceptions: [OperationCanceledException, ..] })
        && !BrokeWithinRequest(exception);

    /// <summary>
    /// Whether the service broke off while the client was to send more: then nobody reads on, which looks like a client that is silent.
    /// </summary>
    public static bool BrokeWithinRequest(Exception? exception) =>
        exception is AggregateException { InnerExceptions: [OperationCanceledException, HttpRequestException, ..] };

    // how SocketsHttpHandler says that its ConnectTimeout has passed
    private static bool IsConnectTimeout(Exception? exception) => exception is OperationCanceledException { InnerException: TimeoutException };

    private static BadHttpRequestException? BadRequestIn(Exception? exception)
    {
        if (exception is not AggregateException several) return exception as BadHttpRequestException;
        foreach (var inner in several.InnerExceptions)
            if (BadRequestIn(inner) is { } found) return found;
        return null;
    }
}
