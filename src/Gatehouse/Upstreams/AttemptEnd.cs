using System.Net;
using Gatehouse.Pipeline;
using Yarp.ReverseProxy.Forwarder;

namespace Gatehouse.Upstreams;

/// <summary>What the end of one attempt says of the destination that it was sent to.</summary>
internal enum AttemptEnd
{
    /// <summary>Nothing: the client left, or it was cut for reasons that are not the destination's.</summary>
    Unjudged,

    /// <summary>It answered, whether its route wants such an answer or not.</summary>
    Good,

    /// <summary>No connection came about: refused, not resolved, not trusted, too late.</summary>
    NotConnected,

    /// <summary>It had the whole request, and was silent for longer than it may.</summary>
    TimedOut,

    /// <summary>It closed the connection, or said what is no answer.</summary>
    Broken,

    /// <summary>It said itself that it or what is behind it cannot: 502, 503, 504.</summary>
    Unavailable,
}

/// <summary>Judges attempts. Whatever a client may have caused by itself is not held against a destination.</summary>
internal static class AttemptEnds
{
    public static bool IsFailure(this AttemptEnd end) => end > AttemptEnd.Good;

    /// <summary>How it is called in events.</summary>
    public static string Say(this AttemptEnd end) => end switch
    {
        AttemptEnd.Unjudged => "nothing",
        AttemptEnd.Good => "an answer",
        AttemptEnd.NotConnected => "no connection",
        AttemptEnd.TimedOut => "no answer in time",
        AttemptEnd.Broken => "no proper answer",
        AttemptEnd.Unavailable => "502, 503 or 504",
    };

    /// <param name="requestEnded">Whether the request was sent to its end, so that the wait was for the destination and not for the client.</param>
    public static AttemptEnd Of(
        Exchange exchange, ForwardCall call, Expiry expired, ForwarderError error, Exception? exception, bool requestEnded)
    {
        var answered = call.Status != 0;
        if (IsUnavailable(call.Status)) return AttemptEnd.Unavailable;
        if (exchange.Forward.Fault is not null) return AttemptEnd.Broken;
        if (call.PolicyThrew) return AttemptEnd.Unjudged;
        if (call.Refusal is not null || exchange.Forward.IsTooLong) return AttemptEnd.Good; // its route does not want what it said
        if (error == ForwarderError.None || call.Completed) return AttemptEnd.Good;
        if (expired != Expiry.None) return answered || !requestEnded ? AttemptEnd.Unjudged : AttemptEnd.TimedOut;
        if (exchange.ClientIsGone || exchange.BodyProblem is not null) return AttemptEnd.Unjudged;
        if (ForwardOutcome.NeverConnected(error, exception)) return AttemptEnd.NotConnected;
        return error switch
        {
            ForwarderError.Request => AttemptEnd.Broken,
            ForwarderError.RequestBodyClient when ForwardOutcome.BrokeWithinRequest(exception) => AttemptEnd.Broken,
            ForwarderError.ResponseBodyDestination => ForwardOutcome.WasSilent(exception) ? AttemptEnd.TimedOut : AttemptEnd.Broken,
            ForwarderError.RequestTimedOut => requestEnded ? AttemptEnd.TimedOut : AttemptEnd.Unjudged,
            _ => AttemptEnd.Unjudged,
        };
    }

    /// <summary>The end of one that has failed before it had an answer.</summary>
    public static AttemptEnd OfFailed(Exception? exception) =>
        ForwardOutcome.NeverConnected(ForwarderError.Request, exception) ? AttemptEnd.NotConnected : AttemptEnd.Broken;

    private static bool IsUnavailable(int status) =>
        status is (int)HttpStatusCode.BadGateway or (int)HttpStatusCode.ServiceUnavailable or (int)HttpStatusCode.GatewayTimeout;
}
