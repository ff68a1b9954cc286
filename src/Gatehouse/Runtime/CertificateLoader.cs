using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Runtime;

/// <summary>
/// Makes what a TLS handshake presents from a listener's PEM files: the first certificate is the listener's, the others lead to its authority.
/// </summary>
internal static class CertificateLoader
{
    /// <summary>The certificate with its chain, or null; then a finding says why.</summary>
    public static SslStreamCertificateContext? TryLoad(TlsFiles tls, SourceFiles files, Findings findings)
    {
        if (Read(tls.Certificate) is not { } certificate || Read(tls.Key) is not { } key) return null;
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificate);
            var leaf = X509Certificate2.CreateFromPem(certificate, key);
            // a key in memory only cannot serve there
            if (OperatingSystem.IsWindows()) leaf = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), null);
            chain.RemoveAt(0);
            return SslStreamCertificateContext.Create(leaf, chain, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            findings.Add(Rules.UnusableFile, tls.Place,
                $"'{Show.Bounded(tls.Certificate)}' and '{Show.Bounded(tls.Key)}' are not a certificate and its private key in PEM");
            return null;
        }

        string? Read(string path)
        {
            if (files.TryRead(path, out var bytes, out var why)) return Encoding.UTF8.GetString(bytes);
            findings.Add(Rules.NoFile, tls.Place, $"'{Show.Bounded(path)}' is needed, but {why}");
            return null;
        }
    }
}
