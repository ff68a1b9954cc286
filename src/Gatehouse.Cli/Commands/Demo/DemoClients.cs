using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>What the demo's calls are made with: a client for each way of connecting, kept until the end.</summary>
internal sealed class DemoClients : IDisposable
{
    private readonly Dictionary<(DemoTls? Tls, string? From), HttpClient> _clients = [];

    /// <summary>The client for a call: with its certificate, from its address.</summary>
    public HttpClient Of(DemoCall call)
    {
        if (!_clients.TryGetValue((call.Tls, call.From), out var client))
            _clients[(call.Tls, call.From)] = client = new HttpClient(HandlerOf(call));
        return client;
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values) client.Dispose();
    }

    private static SocketsHttpHandler HandlerOf(DemoCall call)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        if (call.Tls is { } tls) handler.SslOptions = OptionsOf(tls);
        if (call.From is { } from) handler.ConnectCallback = (to, cancelled) => ConnectAsync(IPAddress.Parse(from), to.DnsEndPoint, cancelled);
        return handler;
    }

    private static SslClientAuthenticationOptions OptionsOf(DemoTls tls)
    {
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPemFile(tls.Authority);
        return new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = trust,
            ClientCertificateContext = tls.Certificate is { } own // sent whatever the server asks for: also a stranger's
                ? SslStreamCertificateContext.Create(Load(own), null, offline: true) : null,
        };
    }

    /// <summary>Windows does not use a key that was only in a text.</summary>
    private static X509Certificate2 Load(DemoCertificate own)
    {
        var read = X509Certificate2.CreateFromPemFile(own.Certificate, own.Key);
        if (!OperatingSystem.IsWindows()) return read;
        using (read) return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pfx), null);
    }

    private static async ValueTask<Stream> ConnectAsync(IPAddress from, DnsEndPoint to, CancellationToken cancelled)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(IPAddress.Parse(to.Host), to.Port, cancelled);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
