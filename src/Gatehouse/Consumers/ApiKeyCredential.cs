namespace Gatehouse.Consumers;

/// <summary>What the declaration keeps of an API key: never the key itself.</summary>
/// <param name="Id">The public part of the key, by which it is found and named in logs.</param>
/// <param name="Hash">HMAC-SHA-256 of the whole key under the pepper: 32 bytes.</param>
/// <param name="Expires">The first instant at which the key is no longer accepted.</param>
/// <param name="Revoked">The first instant of its revocation, or null.</param>
internal sealed record ApiKeyCredential(string Id, byte[] Hash, DateTimeOffset Expires, DateTimeOffset? Revoked)
{
    public bool IsLiveAt(DateTimeOffset now) => now < Expires && (Revoked is null || now < Revoked);
}
