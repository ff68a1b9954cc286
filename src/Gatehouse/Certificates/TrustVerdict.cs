using Gatehouse.Consumers;

namespace Gatehouse.Certificates;

/// <summary>Whether a client certificate is good, and for how long nobody has to ask again.</summary>
/// <param name="Certificate">Null when it is refused.</param>
/// <param name="Fault">Why it is refused, a constant text; null when it is good.</param>
/// <param name="GoodUntil">The first end of a certificate of its chain or of a list that was asked.</param>
internal sealed record TrustVerdict(ClientCertificate? Certificate, string? Fault, DateTimeOffset GoodUntil)
{
    /// <summary>Whether it passed without a current revocation list, because the declaration allows that for a while.</summary>
    public bool Softened { get; init; }

    public static TrustVerdict Refuse(string fault) => new(null, fault, DateTimeOffset.MaxValue);
}

/// <summary>What a client has sent in its handshake, kept so that it can be judged again: DER.</summary>
/// <param name="Others">The certificates that it sent to lead to an authority; at most as many as TLS lets through.</param>
internal sealed record PresentedCertificate(byte[] Leaf, IReadOnlyList<byte[]> Others)
{
    /// <summary>The serial number and the digest of the key: what a record says of a certificate that was refused.</summary>
    public required string Serial { get; init; }

    public required string SpkiDigest { get; init; }
}
