using System.Net.Security;
using System.Security.Authentication;
using Gatehouse.Runtime;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Gatehouse.Hosting;

/// <summary>
/// How a listener shakes hands: TLS 1.2 or 1.3, authenticated encryption with forward secrecy only, no renegotiation, and the certificate of the
/// snapshot in force, so that a renewed one is used by the next handshake.
/// </summary>
internal sealed class ListenerTls(int index, Activation activation, ClientAdmission clients)
{
    private static readonly TimeSpan LongestHandshake = TimeSpan.FromSeconds(10);
    private static readonly CipherSuitesPolicy? Suites = OperatingSystem.IsWindows() ? null : CreateSuites();
    private Prepared? _prepared;

    public TlsHandshakeCallbackOptions Options() => new()
    {
        HandshakeTimeout = LongestHandshake,
        OnConnection = handshake =>
        {
            var accepted = handshake.Connection.Features.GetRequiredFeature<AcceptedConnection>();
            accepted.ServerName = handshake.ClientHelloInfo.ServerName is { Length: > 0 } name ? name : null;
            var listener = activation.Current.Listeners[index];
            if (listener.Clients is not { } trust) return new(Current(listener));
            var options = Create(listener);
            clients.Ask(options, trust, accepted);
            return new(options);
        },
    };

    /// <summary>Comes only to connections whose handshake is done.</summary>
    public static ConnectionDelegate After(ConnectionDelegate next) => connection =>
    {
        var accepted = connection.Features.GetRequiredFeature<AcceptedConnection>();
        accepted.TlsVersion = connection.Features.GetRequiredFeature<ITlsHandshakeFeature>().Protocol switch
        {
            SslProtocols.Tls13 => "1.3",
            SslProtocols.Tls12 => "1.2",
            _ => "other",
        };
        return next(connection);
    };

    /// <summary>The same for every handshake, as long as the certificate is.</summary>
    private SslServerAuthenticationOptions Current(CompiledListener listener)
    {
        var certificate = listener.Certificate!;
        var prepared = Volatile.Read(ref _prepared);
        if (prepared is null || !ReferenceEquals(prepared.Certificate, certificate))
        {
            prepared = new Prepared(certificate, Create(listener));
            Volatile.Write(ref _prepared, prepared);
        }

        return prepared.Options;
    }

    private static SslServerAuthenticationOptions Create(CompiledListener listener)
    {
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = listener.Certificate!,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateRequired = false,
            AllowRenegotiation = false,
            ApplicationProtocols = [],
        };
        if (!OperatingSystem.IsWindows()) options.CipherSuitesPolicy = Suites;
        var protocols = listener.Listener.Protocols;
        if (protocols.HasFlag(Routes.Protocols.Http2)) options.ApplicationProtocols.Add(SslApplicationProtocol.Http2);
        if (protocols.HasFlag(Routes.Protocols.Http1)) options.ApplicationProtocols.Add(SslApplicationProtocol.Http11);
        return options;
    }

    // elsewhere the system's own policy holds: Windows takes none from a program
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static CipherSuitesPolicy? CreateSuites()
    {
        if (!OperatingSystem.IsLinux()) return null;
        return new CipherSuitesPolicy(
        [
            TlsCipherSuite.TLS_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ]);
    }

    private sealed record Prepared(SslStreamCertificateContext Certificate, SslServerAuthenticationOptions Options);
}
