using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Exchanges;

/// <summary>How clients speak to the gateway in a test that holds for all of them.</summary>
public enum Speech
{
    Http1,
    CleartextHttp2,
    Http2,
}

/// <summary>A whole gateway with one listener that speaks like this, and a client of it.</summary>
internal sealed class Front : IAsyncDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly SocketsHttpHandler _handler;
    private readonly Speech _speech;

    private Front(Speech speech)
    {
        _speech = speech;
        _handler = new SocketsHttpHandler
        {
            UseProxy = false,
            Expect100ContinueTimeout = TimeSpan.FromMinutes(1),
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { _certificates.Authority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        };
    }

    public TestGateway Gateway { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    private Version Version => _speech == Speech.Http1 ? HttpVersion.Version11 : HttpVersion.Version20;

    /// <param name="declaration">Its listener is replaced.</param>
    /// <param name="more">Further files beside it.</param>
    public static async Task<Front> StartAsync(Speech speech, SmallDeclaration declaration, params (string Name, string Text)[] more)
    {
        var front = new Front(speech);
        var certificate = front._certificates.Issue("localhost");
        var files = new Dictionary<string, string>
        {
            ["edge.pem"] = await File.ReadAllTextAsync(certificate.CertificateFile),
            ["edge.key"] = await File.ReadAllTextAsync(certificate.KeyFile),
        };
        foreach (var (name, text) in more) files[name] = text;
        var how = speech switch
        {
            Speech.Http1 => "",
            Speech.CleartextHttp2 => ", protocols: [http2]",
            Speech.Http2 => ", tls: { certificate: edge.pem, key: edge.key }",
        };
        front.Gateway = await TestGateway.StartAsync(declaration with { Listener = declaration.Listener + how }, files);
        front.Client = new HttpClient(front._handler)
        {
            BaseAddress = new Uri($"{(speech == Speech.Http2 ? "https" : "http")}://localhost:{front.Gateway.AddressOf("edge").Port}"),
            DefaultRequestVersion = front.Version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        return front;
    }

    /// <param name="origin">The site whose page opens it; null for no page.</param>
    public async Task<ClientWebSocket> WebSocketAsync(string path, CancellationToken cancel, string? origin = null)
    {
        var socket = new ClientWebSocket();
        if (origin is not null) socket.Options.SetRequestHeader("Origin", origin);
        socket.Options.HttpVersion = Version;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        var scheme = _speech == Speech.Http2 ? "wss" : "ws";
        try
        {
            await socket.ConnectAsync(new Uri($"{scheme}://localhost:{Client.BaseAddress!.Port}{path}"), Client, cancel);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Gateway.DisposeAsync();
        _certificates.Dispose();
    }
}
