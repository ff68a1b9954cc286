using System.Net;
using System.Security.Cryptography;
using Gatehouse.Configuration;
using Gatehouse.Consumers;

namespace Gatehouse.Policies.ApiKeys;

/// <summary>
/// Tells whose a key is. Malformed, unknown, wrong, expired and revoked ones cost the same: one search, one HMAC, one comparison in constant time.
/// Which
/// of them it was is for the log alone.
/// </summary>
internal sealed class ApiKeyCheck(ConsumerDirectory consumers, Secret? pepper, TimeProvider clock)
{
    private static readonly Secret NoPepper = new("none", new byte[ApiKeyHash.LeastPepperBytes]);
    private static readonly byte[] NoHash = new byte[ApiKeyHash.Bytes];
    private static readonly string NoKey = new('0', ApiKeyText.Length);

    private readonly Secret _pepper = pepper ?? NoPepper;

    /// <summary>Who holds the key, when it is good here and now; otherwise null and the reason, as a constant text.</summary>
    public ApiKeyHolder? Find(ReadOnlySpan<char> key, IPAddress client, out string? reason)
    {
        var wellFormed = ApiKeyText.TryParse(key, out var id);
        var holder = consumers.FindByKeyId(wellFormed ? id : NoKey.AsSpan(0, ApiKeyText.IdLength));
        Span<byte> hash = stackalloc byte[ApiKeyHash.Bytes];
        ApiKeyHash.Compute(_pepper, wellFormed ? key : NoKey, hash);
        var same = CryptographicOperations.FixedTimeEquals(hash, holder is null ? NoHash : holder.Key.Hash);
        reason = pepper is null ? "api key: the declaration has no pepper"
            : !wellFormed ? "api key: malformed"
            : holder is null ? "api key: unknown"
            : !same ? "api key: wrong"
            : ReasonOfHolder(holder, client);
        return reason is null ? holder : null;
    }

    private string? ReasonOfHolder(ApiKeyHolder holder, IPAddress client)
    {
        var now = clock.GetUtcNow();
        if (!holder.Key.IsLiveAt(now)) return holder.Key.Revoked <= now ? "api key: revoked" : "api key: expired";
        return holder.Entry.Addresses is { } from && !from.Contain(client) ? "api key: from an address that its entry does not name" : null;
    }
}
