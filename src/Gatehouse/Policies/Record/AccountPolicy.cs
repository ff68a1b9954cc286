using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Record;

/// <summary>
/// Settles the account of every exchange of an accountable route, however it ends: the first policy of the route, so that none can end before it
/// was seen here. An exchange whose intent stands in the trail gets its outcome, every other one record.
/// </summary>
/// <param name="answers">Where answers say whom they are about; null where they do not.</param>
internal sealed class AccountPolicy(ExchangeRecords records, AccountBook book, AnswerSources? answers = null) : Policy
{
    public override string Name => AccountKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (answers is not null) AnswerSources.AskForReadable(exchange);
        return new(Verdict.Continue);
    }

    public override void OnResponse(Exchange exchange) =>
        exchange.AnswerReader = exchange.Problem is null ? answers?.Begin(exchange) : null;

    public override void OnFinished(Exchange exchange)
    {
        if (exchange.Preflight is not null) return; // nobody was let through, and a refusal is recorded as that of any other route
        var standing = exchange.Accounting;
        exchange.Accounting = Accounting.Settled;
        if (standing == Accounting.None) book.Post(records.Whole(exchange, wasLetThrough: false));
        else book.Settle(standing == Accounting.Intended ? records.Outcome(exchange) : records.Whole(exchange, wasLetThrough: true));
    }
}
