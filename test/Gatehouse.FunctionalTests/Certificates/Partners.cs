using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Certificates;

/// <summary>A gateway whose only listener asks for client certificates of an authority of the test's own, and clients of it.</summary>
internal sealed class Partners : IAsyncDisposable
{
    private readonly TestCertificates _server = new();
    private readonly List<IDisposable> _garbage = [];
    private readonly string _revocation;

    private Partners(TestAuthority root, string revocation) => (Root, _revocation) = (root, revocation);

    public TestAuthority Root { get; }

    public FakeUpstream Upstream { get; private set; } = null!;

    public TestGateway Gateway { get; private set; } = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="revocation">What follows <c>clientAuthorities</c>, such as <c>, revocation: { lists: [partner.crl] }</c>.</param>
    /// <param name="list">The contents of <c>partner.crl</c>; an empty list unless given.</param>
    public static async Task<Partners> StartAsync(
        string revocation = "", Func<TestAuthority, byte[]>? list = null, TimeProvider? clock = null, string protocols = "")
    {
        var partners = new Partners(TestAuthority.Root("partners", (clock ?? TimeProvider.System).GetUtcNow()), revocation);
        var own = partners._server.Issue("localhost", "partners.retailer.example");
        partners.Upstream = await FakeUpstream.StartAsync();
        var files = new Dictionary<string, string>
        {
            ["edge.pem"] = await File.ReadAllTextAsync(own.CertificateFile, Cancel),
            ["edge.key"] = await File.ReadAllTextAsync(own.KeyFile, Cancel),
            ["ca.pem"] = partners.Root.Pem,
            ["partner.crl"] = Pem((list ?? (root => root.List()))(partners.Root)),
        };
        partners.Gateway = await TestGateway.StartAsync(partners.Declaration("ca.pem", protocols), files, clock);
        return partners;
    }

    public string Declaration(string authorities, string more = "") => new SmallDeclaration(Upstream.Address)
    {
        Listener = "address: \"127.0.0.1:0\", serves: [public], hosts: [localhost, partners.retailer.example], "
            + $"tls: {{ certificate: edge.pem, key: edge.key, clientAuthorities: [{authorities}]{_revocation} }}{more}",
    };

    public Task WriteAsync(string file, string text) => File.WriteAllTextAsync(Path.Combine(Gateway.Folder, file), text, Cancel);

    public static string Pem(byte[] list) => PemEncoding.WriteString("X509 CRL", list);

    /// <summary>A client that keeps its connection.</summary>
    public HttpClient Client(X509Certificate2? certificate, int version = 1, SslProtocols tls = SslProtocols.Tls13, params X509Certificate2[] chain)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(Gateway.AddressOf("edge"), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
            SslOptions = Options(certificate, tls, chain),
        };
        var client = new HttpClient(handler)
        {
            BaseAddress = new Uri($"https://localhost:{Gateway.AddressOf("edge").Port}"),
            DefaultRequestVersion = version == 1 ? HttpVersion.Version11 : HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        _garbage.Add(client);
        return client;
    }

    /// <summary>The status of a call, or null when there is no answer.</summary>
    public static async Task<int?> CallAsync(HttpClient client)
    {
        try
        {
            using var response = await client.GetAsync("/things/1", Cancel);
            return (int)response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>The line of the next refused handshake with this reason.</summary>
    public async Task<System.Text.Json.Nodes.JsonObject> RefusalAsync(string reason) =>
        await Gateway.AccessLog.WaitForAsync(r => (string?)r["event"] == "handshake-refused" && (string?)r["reason"] == reason, Cancel);

    public SslClientAuthenticationOptions Options(X509Certificate2? certificate, SslProtocols tls, params X509Certificate2[] chain) => new()
    {
        TargetHost = "localhost",
        EnabledSslProtocols = tls,
        ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, [.. chain], offline: true),
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { _server.Authority },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _garbage) one.Dispose();
        await Gateway.DisposeAsync();
        await Upstream.DisposeAsync();
        _server.Dispose();
        Root.Dispose();
    }
}
