using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Record;

/// <summary>Writes down what is about to be done, durably, before anybody does it. What cannot be written is not done.</summary>
internal sealed class IntentPolicy(ExchangeRecords records, AccountBook book) : Policy
{
    public override string Name => IntentKind.KindName;

    public override async ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (!book.TryReserve()) return Unrecorded.Refuse(exchange, "the trail has no room for the outcome");
        exchange.Accounting = Accounting.Intended; // from now on it may be there, whatever is said of it
        if (!await book.IntendAsync(records.Intent(exchange))) return Unrecorded.Refuse(exchange, "the intent could not be written to the trail");
        // who has left in the meantime must not be a change of which nobody knows whether it happened
        return exchange.Http.RequestAborted.IsCancellationRequested ? ClientLeft.End(exchange) : Verdict.Continue;
    }
}

/// <summary>Keeps a place in the trail for the one record of an exchange that changes nothing. Where there is none, it is not forwarded.</summary>
internal sealed class PlacePolicy(AccountBook book) : Policy
{
    public override string Name => IntentKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (!book.TryReserve()) return new(Unrecorded.Refuse(exchange, "the trail has no room for the record"));
        exchange.Accounting = Accounting.Reserved;
        return new(Verdict.Continue);
    }
}

/// <summary>The refusal of what cannot be accounted for.</summary>
internal static class Unrecorded
{
    private const int RetrySeconds = 1; // as often as the trail itself tries

    public static Verdict Refuse(Exchange exchange, string reason)
    {
        exchange.Forward.RetrySeconds = RetrySeconds;
        return Verdict.Reject(Problems.RecordUnavailable, reason);
    }
}
