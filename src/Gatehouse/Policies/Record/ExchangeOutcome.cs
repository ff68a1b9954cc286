using Gatehouse.Audit;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Record;

/// <summary>How an exchange has ended, in the words of the trail.</summary>
internal static class ExchangeOutcome
{
    private const int FirstServerError = 500;

    /// <summary>
    /// Of a change that was sent and has no answer nobody knows whether it happened, and that is what is said of it. Everything else failed or was
    /// done.
    /// </summary>
    /// <param name="changes">Whether the exchange may have changed something.</param>
    /// <param name="wasLetThrough">Whether everybody had agreed to it: what ended it then is a failure and no refusal.</param>
    public static AuditOutcome Of(Exchange exchange, bool changes, bool wasLetThrough)
    {
        var forward = exchange.Forward;
        if (!forward.MayHaveArrived)
        {
            // answered by the gateway itself
            if (exchange.Problem is null && exchange.Status is > 0 and not ClientLeftStatus) return AuditOutcome.Done;
            return wasLetThrough || exchange.Problem is null ? AuditOutcome.FailedBefore : AuditOutcome.Refused;
        }

        if (forward.Status == 0) return changes ? AuditOutcome.Unknown : AuditOutcome.FailedAfter;
        return exchange.Problem is not null || forward.Status >= FirstServerError ? AuditOutcome.FailedAfter : AuditOutcome.Done;
    }

    /// <summary>What stands for the status of an exchange whose client has left before there was an answer.</summary>
    private const int ClientLeftStatus = 499;
}
