using System.Security.Cryptography;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Identify;

/// <summary>
/// Tells whose a key is. Malformed, unknown, wrong, expired and revoked ones cost the same: one search, one HMAC, one comparison in constant time.
/// Which of them it was is for the log alone.
/// </summary>
/// <param name="issued">The keys that the register has; null where there is none.</param>
internal sealed class ApiKeyCheck(ConsumerDirectory consumers, Secret? pepper, TimeProvider clock, IssuedKeys? issued = null)
{
    private static readonly Secret NoPepper = new("none", new byte[ApiKeyHash.LeastPepperBytes]);
    private static readonly byte[] NoHash = new byte[ApiKeyHash.Bytes];
    private static readonly string NoKey = new('0', ApiKeyText.Length);

    private readonly Secret _pepper = pepper ?? NoPepper;

    /// <summary>
    /// As the other one, for a key that comes over a connection: the one that was good there last is known by its text. Whether it is good still is
    /// looked at each time, and one that is not, or that the register has otherwise by now, is judged like any other.
    /// </summary>
    public ApiKeyHolder? Find(string key, ConnectionMemory? connection, out string? reason, out string? guessed)
    {
        (reason, guessed) = (null, null);
        if (connection?.Key is { } kept && kept.Is(consumers, key) && kept.Holder.Key.IsLiveAt(clock.GetUtcNow())
            && (issued is null || issued.IsAsItWas(kept.Holder))) return kept.Holder;
        var holder = Find(key, out reason, out guessed);
        if (holder is not null && connection is not null) connection.Key = new KeptKey(consumers, key, holder);
        return holder;
    }

    /// <summary>Who holds the key, when it is good now; otherwise null and the reason, as a constant text.</summary>
    /// <param name="guessed">The id, where it is a known key's and the rest is wrong; otherwise null.</param>
    public ApiKeyHolder? Find(ReadOnlySpan<char> key, out string? reason, out string? guessed)
    {
        var wellFormed = ApiKeyText.TryParse(key, out var id);
        if (!wellFormed) id = NoKey.AsSpan(0, ApiKeyText.IdLength);
        var holder = consumers.FindByKeyId(id) ?? issued?.Find(id);
        Span<byte> hash = stackalloc byte[ApiKeyHash.Bytes];
        ApiKeyHash.Compute(_pepper, wellFormed ? key : NoKey, hash);
        var same = CryptographicOperations.FixedTimeEquals(hash, holder is null ? NoHash : holder.Key.Hash);
        reason = pepper is null ? "api key: the declaration has no pepper"
            : !wellFormed ? "api key: malformed"
            : holder is null or { IsIssued: true } && issued is { IsTooOld: true } ? IssuedKeys.Unavailable
            : holder is null ? "api key: unknown"
            : !same ? "api key: wrong"
            : ReasonOfHolder(holder);
        guessed = holder is null || same ? null : holder.Key.Id;
        return reason is null ? holder : null;
    }

    private string? ReasonOfHolder(ApiKeyHolder holder)
    {
        var now = clock.GetUtcNow();
        return holder.Key.IsLiveAt(now) ? null : holder.Key.Revoked <= now ? "api key: revoked" : "api key: expired";
    }
}
