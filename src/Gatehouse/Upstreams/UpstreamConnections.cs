using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gatehouse.Upstreams;

/// <summary>
/// Makes what connects to an upstream's destinations. It transports: no redirects, no cookies, no proxy, no decompression, no headers of its own.
/// A destination's certificate is always verified, chain, name and purpose; there is no switch.
/// </summary>
internal static class UpstreamConnections
{
    /// <summary>Open connections to one destination; further exchanges wait for one, and their head timeout runs.</summary>
    public const int MaxConnections = 2_000;

    /// <summary>Kilobytes of a response's head.</summary>
    private const int MaxResponseHead = 64;

    /// <summary>
    /// Shorter than the 5 seconds after which common servers close an idle connection, so that a request rarely meets one that is just being closed.
    /// </summary>
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>So that a name which leads elsewhere now is followed there; each new connection asks for its addresses again.</summary>
    private static readonly TimeSpan NamedLifetime = TimeSpan.FromMinutes(1);

    /// <summary>Upstreams with the same identity can share connections: a reload that changes none of this keeps them.</summary>
    public static string IdentityOf(Upstream upstream)
    {
        var authorities = upstream.Authorities is null ? "system" : Convert.ToHexString(SHA256.HashData(upstream.Authorities));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{upstream.Name} {upstream.Protocol} {upstream.Timeouts.Connect} {authorities} {upstream.Tls.Identity} {IsNamed(upstream)}");
    }

    /// <param name="dialer">Finds the addresses of destinations that are declared by name.</param>
    public static HttpMessageInvoker Open(Upstream upstream, Dialer dialer) => new(Handler(upstream, dialer));

    private static bool IsNamed(Upstream upstream) => upstream.Destinations.Any(d => d.Value.HostNameType == UriHostNameType.Dns);

    public static SocketsHttpHandler Handler(Upstream upstream, Dialer dialer)
    {
        var named = IsNamed(upstream);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = upstream.Timeouts.Connect,
            PooledConnectionIdleTimeout = Idle,
            PooledConnectionLifetime = named ? NamedLifetime : Lifetime,
            ConnectCallback = named ? (context, cancel) => dialer.ConnectAsync(context.DnsEndPoint, cancel) : null,
            EnableMultipleHttp2Connections = true,
            MaxConnectionsPerServer = MaxConnections,
            MaxResponseHeadersLength = MaxResponseHead,
            MaxResponseDrainSize = 0, // a connection whose response was not read to its end is closed, not cleaned for the next exchange
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8, // as Kestrel reads them: the bytes stay the same
            SslOptions = new SslClientAuthenticationOptions
            {
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                CertificateChainPolicy = upstream.Authorities is null ? null : TrustOnly(upstream.Authorities),
                ClientCertificateContext = upstream.Tls.Certificate is { } own ? Present(own) : null,
                RemoteCertificateValidationCallback = upstream.Tls.Pins is { Count: > 0 } pins ? HasPin(pins) : null,
            },
        };
        if (upstream.Protocol == UpstreamProtocol.Http2) // by the system's time, as all times of the client below
            handler.PlaintextStreamFilter = static (context, _) => new(new ServiceFrames(context.PlaintextStream, TimeProvider.System));
        return handler;
    }

    private static SslStreamCertificateContext Present(UpstreamCertificate own)
    {
        var certificate = Encoding.UTF8.GetString(own.Certificate);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificate);
        chain.RemoveAt(0);
        var leaf = X509Certificate2.CreateFromPem(certificate, Encoding.UTF8.GetString(own.Key));
        // a key in memory only cannot serve there
        if (OperatingSystem.IsWindows()) leaf = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), null);
        return SslStreamCertificateContext.Create(leaf, chain, offline: true);
    }

    /// <summary>Asks for one of the pinned keys where everything else was found good: a pin adds, and never stands in for a chain.</summary>
    private static RemoteCertificateValidationCallback HasPin(IReadOnlyList<byte[]> pins) => (_, certificate, _, errors) =>
    {
        if (errors != SslPolicyErrors.None || certificate is not X509Certificate2 presented) return false;
        var digest = SHA256.HashData(presented.PublicKey.ExportSubjectPublicKeyInfo());
        return pins.Any(p => p.AsSpan().SequenceEqual(digest));
    };

    private static X509ChainPolicy TrustOnly(byte[] authorities)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(Encoding.ASCII.GetString(authorities));
        return policy;
    }
}
