using Gatehouse.Consumers;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Assert;

/// <summary>
/// Tells the backend who calls, by an assertion that serves every exchange of the same caller with the same rights on this route until half of its
/// life is over. To find one allocates nothing; to make one costs a signature.
/// </summary>
/// <param name="canary">Writes for the route's canary; null where there is none.</param>
internal sealed class AssertPolicy(AssertionWriter writer, AssertionTable table, TimeProvider clock, AssertionWriter? canary = null) : Policy
{
    public override string Name => AssertKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var now = clock.GetUtcNow();
        var caller = exchange.Caller;
        var expires = caller?.Expires ?? DateTimeOffset.MaxValue;
        if (expires <= now) return new(AssertionEnd.Passed);
        var own = exchange.OnCanary && canary is not null ? canary : writer;
        var id = new AssertionId(caller?.Identity ?? CallerIdentity.Anonymous, own.Place, own.PlaceHash);
        exchange.Assertion = table.Find(id, now.UtcTicks, expires.UtcTicks) ?? Make(own, id, caller, now, expires);
        return new(exchange.Assertion is null ? AssertionEnd.TooLong : Verdict.Continue);
    }

    private string? Make(AssertionWriter own, in AssertionId id, Caller? caller, DateTimeOffset now, DateTimeOffset expires)
    {
        var end = own.EndOf(now, expires);
        if (own.Write(caller, now, end, null) is not { } text) return null;
        table.Keep(id, new HeldAssertion(text, now.UtcTicks, end.UtcTicks));
        return text;
    }
}

/// <summary>
/// Tells the backend who calls, by an assertion for this exchange alone: it names the method, the target and the exchange, and a backend takes it
/// once. A request that is sent again gets another one.
/// </summary>
internal sealed class AssertEachPolicy : Policy
{
    private readonly AssertionWriter _writer;
    private readonly AssertionWriter? _canary;
    private readonly TimeProvider _clock;
    private readonly Func<Exchange, string?> _anew;

    /// <param name="canary">Writes for the route's canary; null where there is none.</param>
    public AssertEachPolicy(AssertionWriter writer, TimeProvider clock, AssertionWriter? canary = null)
    {
        (_writer, _canary, _clock) = (writer, canary, clock);
        _anew = exchange => Write(exchange, _clock.GetUtcNow());
    }

    public override string Name => AssertKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var now = _clock.GetUtcNow();
        if (ExpiryOf(exchange) <= now) return new(AssertionEnd.Passed);
        exchange.Assertion = Write(exchange, now);
        exchange.AssertAnew = _anew;
        return new(exchange.Assertion is null ? AssertionEnd.TooLong : Verdict.Continue);
    }

    private static DateTimeOffset ExpiryOf(Exchange exchange) => exchange.Caller?.Expires ?? DateTimeOffset.MaxValue;

    /// <summary>Null when what proved who calls has ended, or it would be too long.</summary>
    private string? Write(Exchange exchange, DateTimeOffset now)
    {
        var expires = ExpiryOf(exchange);
        if (expires <= now) return null;
        var own = exchange.OnCanary && _canary is not null ? _canary : _writer;
        return own.Write(exchange.Caller, now, own.EndOf(now, expires), exchange);
    }
}

/// <summary>Why there is no assertion, and therefore no call.</summary>
internal static class AssertionEnd
{
    public static Verdict Passed => Verdict.Reject(Problems.Unauthenticated, "the credential ended while the request was decided");

    public static Verdict TooLong => Verdict.Reject(Problems.InternalError, "what is to be said of the caller is too long for an assertion");
}
