using System.Security.Cryptography;

namespace Gatehouse.Upstreams;

/// <summary>What connections to an upstream prove and ask for, besides the chain, dates, name and purpose that are always verified.</summary>
/// <param name="Certificate">What the gateway proves itself with; null for nothing.</param>
/// <param name="Pins">SHA-256 of the public key infos (RFC 7469 section 2.4) of which a destination has to have one; empty for any.</param>
/// <param name="ServerName">Whose certificate is expected, and who is asked for in SNI and <c>Host</c>; null for the host of the address.</param>
internal sealed record UpstreamTls(UpstreamCertificate? Certificate, IReadOnlyList<byte[]> Pins, string? ServerName)
{
    public static UpstreamTls Usual { get; } = new(null, [], null);

    /// <summary>What has to be the same for connections to be kept over a reload.</summary>
    public string Identity => string.Join(' ', [Certificate?.Digest ?? "-", ServerName ?? "-", .. Pins.Select(Convert.ToHexString)]);
}

/// <summary>The gateway's own certificate for an upstream, with what leads to its authority, and its private key, both PEM.</summary>
internal sealed class UpstreamCertificate(byte[] certificate, byte[] key)
{
    public byte[] Certificate { get; } = certificate;

    public byte[] Key { get; } = key;

    /// <summary>SHA-256 of both.</summary>
    public string Digest { get; } = Convert.ToHexString(SHA256.HashData([.. SHA256.HashData(certificate), .. SHA256.HashData(key)]));
}
