using Gatehouse.Consumers;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Assert;

/// <summary>
/// Tells the backend who calls, by an assertion that serves every exchange of the same caller with the same rights on this route until half of its
/// life is over. To find one allocates nothing; to make one costs a signature.
/// </summary>
internal sealed class AssertPolicy(AssertionWriter writer, AssertionTable table, TimeProvider clock) : Policy
{
    public override string Name => AssertKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var now = clock.GetUtcNow();
        var caller = exchange.Caller;
        var expires = caller?.Expires ?? DateTimeOffset.MaxValue;
        if (expires <= now) return new(AssertionEnd.Passed);
        var id = new AssertionId(caller?.Identity ?? CallerIdentity.Anonymous, writer.Place, writer.PlaceHash);
        exchange.Assertion = table.Find(id, now.UtcTicks, expires.UtcTicks) ?? Make(id, caller, now, expires);
        return new(exchange.Assertion is null ? AssertionEnd.TooLong : Verdict.Continue);
    }

    private string? Make(in AssertionId id, Caller? caller, DateTimeOffset now, DateTimeOffset expires)
    {
        var end = writer.EndOf(now, expires);
        if (writer.Write(caller, now, end, null) is not { } text) return null;
        table.Keep(id, new HeldAssertion(text, now.UtcTicks, end.UtcTicks));
        return text;
    }
}

/// <summary>
/// Tells the backend who calls, by an assertion for this exchange alone: it names the method, the target and the exchange, and a backend takes it
/// once.
/// </summary>
internal sealed class AssertEachPolicy(AssertionWriter writer, TimeProvider clock) : Policy
{
    public override string Name => AssertKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var now = clock.GetUtcNow();
        var expires = exchange.Caller?.Expires ?? DateTimeOffset.MaxValue;
        if (expires <= now) return new(AssertionEnd.Passed);
        exchange.Assertion = writer.Write(exchange.Caller, now, writer.EndOf(now, expires), exchange);
        return new(exchange.Assertion is null ? AssertionEnd.TooLong : Verdict.Continue);
    }
}

/// <summary>Why there is no assertion, and therefore no call.</summary>
internal static class AssertionEnd
{
    public static Verdict Passed => Verdict.Reject(Problems.Unauthenticated, "the credential ended while the request was decided");

    public static Verdict TooLong => Verdict.Reject(Problems.InternalError, "what is to be said of the caller is too long for an assertion");
}
