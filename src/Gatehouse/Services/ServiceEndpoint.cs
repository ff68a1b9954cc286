using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gatehouse.Services;

/// <summary>Where a service of the organisation answers the gateway's own questions.</summary>
/// <param name="Address">Absolute, https (http on loopback only), without user and fragment.</param>
/// <param name="Authorities">PEM of the authorities that the service is trusted by; null for the system's.</param>
/// <param name="Timeout">The most that a whole question may take, waiting for its turn included.</param>
internal sealed record ServiceEndpoint(Uri Address, byte[]? Authorities, TimeSpan Timeout)
{
    /// <summary>What has to be the same for connections and remembered answers to be kept over a reload.</summary>
    public string Identity =>
        $"{Address.AbsoluteUri} {Timeout} {(Authorities is null ? "system" : Convert.ToHexString(SHA256.HashData(Authorities)))}";
}

/// <summary>How a service's certificate is verified: always, chain, name and purpose.</summary>
internal static class ServiceTls
{
    public static SslClientAuthenticationOptions Trusting(byte[]? authorities) => new()
    {
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = authorities is null ? null : TrustOnly(authorities),
    };

    private static X509ChainPolicy TrustOnly(byte[] authorities)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(Encoding.ASCII.GetString(authorities));
        return policy;
    }
}
