using System.Net;
using System.Net.Http;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace Gatehouse.Upstreams;

/// <summary>
/// What one exchange has left of its further attempts. One is decided on before the answer is given up that it replaces: what is passed on to the
/// client is always an answer, and nothing is sent again once a head was passed on.
/// </summary>
internal sealed class Repeats(RepeatPlan plan, Exchange exchange, long deadline)
{
    /// <summary>A service may ask for so much patience and no more: an exchange that waits holds a connection and a body.</summary>
    private static readonly TimeSpan MostPatience = TimeSpan.FromSeconds(2);

    private readonly bool _hasBody = exchange.Http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true };
    private int _decided = 1;
    private TimeSpan? _wait;
    private RetryCauses _cause;
    private Tried _tried;

    /// <summary>The destinations that the exchange was sent to.</summary>
    public ref Tried Tried => ref _tried;

    /// <summary>Whether a second destination may be asked while the first is silent.</summary>
    public bool Hedges => plan.HedgeAfter is not null && !_hasBody;

    public RepeatPlan Plan => plan;

    /// <summary>Whether another attempt was decided on, and how long it has to wait. Asked once.</summary>
    public bool TakesAnother(out TimeSpan wait)
    {
        (wait, var takes) = (_wait ?? default, _wait is not null);
        _wait = null;
        return takes;
    }

    /// <summary>Whether an answer is given up for another attempt.</summary>
    public bool Replaces(HttpResponseMessage response) =>
        IsUnavailable(response.StatusCode) && Decide(RetryCauses.Unavailable, WaitAsked(response));

    /// <summary>Whether another attempt follows one that has no answer.</summary>
    /// <param name="neverConnected">Whether nothing was sent.</param>
    public bool Replaces(Expiry expired, ForwarderError error, Exception? exception, bool neverConnected)
    {
        var isOver = exchange.Forward.HeadAt != 0 || exchange.Http.Response.HasStarted || expired == Expiry.Deadline
            || exchange.ClientIsGone || exchange.BodyProblem is not null || exchange.Http.RequestAborted.IsCancellationRequested;
        if (isOver) return false;
        if (expired == Expiry.Head) return Decide(RetryCauses.Timeout, TimeSpan.Zero);
        return (neverConnected || IsReset(error, exception)) && Decide(RetryCauses.Reset, TimeSpan.Zero);
    }

    /// <summary>The request is sent: where an attempt failed before, this is the further one that was decided on.</summary>
    public void Sends()
    {
        if (_cause == RetryCauses.None) return;
        plan.Tallies.Sent(_cause);
        _cause = RetryCauses.None;
    }

    /// <summary>A second request is sent beside the first one.</summary>
    public void SendsHedge()
    {
        plan.Tallies.Sent(RepeatTallies.Hedge);
        exchange.Forward.Attempts++;
    }

    /// <summary>Takes a second request of the budget, to be sent beside the first one. False when there may be none.</summary>
    public bool TryHedge()
    {
        if (!plan.Budget.TryTake(plan.Rules.Budget))
        {
            plan.Tallies.Withheld(RepeatTallies.NoBudget);
            return false;
        }

        return Renew();
    }

    public static bool IsUnavailable(HttpStatusCode status) =>
        status is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    /// <param name="asked">How long the service wants to be left alone; null where that is not known.</param>
    private bool Decide(RetryCauses cause, TimeSpan? asked)
    {
        if ((plan.Rules.Causes & cause) == 0 || _decided >= plan.Rules.Attempts || !plan.Allows(exchange, _hasBody)) return false;
        if (asked is not { } least || least > MostPatience) return Withhold(RepeatTallies.AskedToWait);
        var wait = plan.Rules.BackoffAfter(_decided) * plan.Random.NextDouble();
        if (wait < least) wait = least;
        if (deadline != long.MaxValue && plan.Clock.GetTimestamp() + plan.TicksOf(wait) >= deadline) return Withhold(RepeatTallies.NoTime);
        if (!plan.Budget.TryTake(plan.Rules.Budget)) return Withhold(RepeatTallies.NoBudget);
        if (!Renew()) return false;
        _decided++;
        (_wait, _cause) = (wait, cause);
        return true;
    }

    private bool Withhold(int why)
    {
        plan.Tallies.Withheld(why);
        return false;
    }

    /// <summary>Makes anew what serves once. False when that cannot be: the caller's credential has ended.</summary>
    private bool Renew()
    {
        if (exchange.AssertAnew is not { } make) return true;
        if (make(exchange) is not { } assertion) return false;
        exchange.Assertion = assertion;
        return true;
    }

    /// <summary>
    /// How long the service wants to be left alone (RFC 9110 section 10.2.3): zero where it says nothing, null where nobody can read it.
    /// </summary>
    private TimeSpan? WaitAsked(HttpResponseMessage response)
    {
        if (!response.Headers.NonValidated.Contains("Retry-After")) return TimeSpan.Zero;
        if (response.Headers.RetryAfter is not { } asked) return null;
        var wait = asked.Delta ?? asked.Date - plan.Clock.GetUtcNow();
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    /// <summary>Whether the connection broke. What was answered, and is no answer, may be said again and again.</summary>
    private static bool IsReset(ForwarderError error, Exception? exception) => error switch
    {
        ForwarderError.Request => exception is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.HttpProtocolError or HttpRequestError.Unknown,
        },
        ForwarderError.RequestBodyDestination => true,
        _ => false,
    };
}
