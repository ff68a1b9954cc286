namespace Gatehouse.Register;

/// <summary>An API key that was issued for a declared consumer: everything about it but the key.</summary>
/// <param name="Id">The public part of the key.</param>
/// <param name="Consumer">The consumer's name in the declaration. The declaration says whether it takes issued keys, and what it may.</param>
/// <param name="Hash">HMAC-SHA-256 of the whole key under the pepper: 32 bytes.</param>
/// <param name="Expires">The first instant at which the key is no longer accepted.</param>
internal sealed record IssuedKey(string Id, string Consumer, byte[] Hash, DateTimeOffset Created, DateTimeOffset Expires)
{
    /// <summary>Who has issued it.</summary>
    public required string By { get; init; }

    /// <summary>Why it was issued.</summary>
    public required string Reason { get; init; }

    /// <summary>
    /// The end of the key before its time; null for none. It is in force as soon as it is known: when it was said is by the clock of another machine.
    /// </summary>
    public Ending? Revoked { get; init; }

    public bool Equals(IssuedKey? other) =>
        other is not null && Id == other.Id && Consumer == other.Consumer && Hash.AsSpan().SequenceEqual(other.Hash) && Created == other.Created
        && Expires == other.Expires && By == other.By && Reason == other.Reason && Revoked == other.Revoked;

    public override int GetHashCode() => Id.GetHashCode(StringComparison.Ordinal);

    /// <summary>The state in words.</summary>
    public string StateAt(DateTimeOffset now) =>
        Revoked is not null ? "revoked" : Expires <= now ? "expired" : Expires <= now.AddDays(30) ? "expires soon" : "live";
}

/// <summary>That something has ended, or was taken back.</summary>
internal sealed record Ending(DateTimeOffset At, string By, string Reason);
