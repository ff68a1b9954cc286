using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Assertions;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Certificates;

/// <summary>
/// A whole gateway for partners: a listener with mutual TLS, revocation lists, consumers known by name, by key, by token and certificate, and a
/// public listener beside it that asks nobody for a certificate.
/// </summary>
internal sealed class PartnerFront : IAsyncDisposable
{
    public const string Host = "partners.retailer.example";

    private readonly TestCertificates _server = new();
    private readonly ECDsa _packersKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private PartnerFront() => Revoked = Root.Issue(new TestClient());

    public TestAuthority Root { get; } = TestAuthority.Root("partners", TimeProvider.System.GetUtcNow());

    /// <summary>Another pinned authority, which has no business with freight's name.</summary>
    public TestAuthority Couriers { get; } = TestAuthority.Root("couriers", TimeProvider.System.GetUtcNow());

    /// <summary>A certificate for freight that its authority has revoked.</summary>
    public X509Certificate2 Revoked { get; }

    public TestIssuer Issuer { get; } = new();

    public FakeUpstream Upstream { get; private set; } = null!;

    public TestGateway Gateway { get; private set; } = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="more">More of the declaration, at its top.</param>
    /// <param name="file">One more file that it names.</param>
    public static async Task<PartnerFront> StartAsync(string more = "", (string Name, string Text)? file = null)
    {
        var front = new PartnerFront();
        front.Upstream = await FakeUpstream.StartAsync();
        var own = front._server.Issue("localhost", Host);
        var files = new Dictionary<string, string>
        {
            ["edge.pem"] = await File.ReadAllTextAsync(own.CertificateFile, Cancel),
            ["edge.key"] = await File.ReadAllTextAsync(own.KeyFile, Cancel),
            ["ca.pem"] = front.Root.Pem,
            ["couriers.pem"] = front.Couriers.Pem,
            ["partner.crl"] = Partners.Pem(front.Root.List(front.Revoked)),
            ["couriers.crl"] = Partners.Pem(front.Couriers.List()),
            ["keys.json"] = front.Issuer.Jwks(),
            ["assert.pem"] = Vouching.NewKey(),
        };
        if (file is { } one) files[one.Name] = one.Text;
        front.Gateway = await TestGateway.StartAsync(front.Declaration(more), files);
        return front;
    }

    /// <summary>A certificate with the key by which packer is known.</summary>
    public X509Certificate2 Packers(params string[] names) => Root.Issue(new TestClient { Names = names, Key = _packersKey });

    public string Token(string client, X509Certificate2? boundTo = null)
    {
        var claims = new JsonObject { ["client_id"] = client, ["sub"] = client, ["scope"] = "shipments.read" };
        if (boundTo is not null) claims["cnf"] = new JsonObject { ["x5t#S256"] = Base64(SHA256.HashData(boundTo.RawData)) };
        return Issuer.Token(TimeProvider.System.GetUtcNow(), claims);
    }

    /// <summary>The status of one call over a connection of its own; null when there is no connection to be had.</summary>
    /// <param name="from">The address that it comes from.</param>
    /// <param name="listener">Without a certificate: in cleartext at a listener that does not ask for one.</param>
    public async Task<int?> CallAsync(
        X509Certificate2? certificate, string? token = null, string from = "127.0.0.1", string listener = "partners", string host = Host)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(Gateway.AddressOf(listener), Cancel);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            if (listener == "partners")
            {
                var tls = new SslStream(stream);
                stream = tls;
                await tls.AuthenticateAsClientAsync(Options(certificate), Cancel);
            }

            var authorization = token is null ? "" : $"Authorization: Bearer {token}\r\n";
            await stream.WriteAsync(
                Encoding.ASCII.GetBytes($"GET /shipments/17 HTTP/1.1\r\nHost: {host}\r\n{authorization}Connection: close\r\n\r\n"), Cancel);
            var answer = new byte[12];
            await stream.ReadExactlyAsync(answer, Cancel);
            return int.Parse(Encoding.ASCII.GetString(answer)[9..], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return null;
        }
        finally
        {
            await stream.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Upstream.DisposeAsync();
        foreach (var one in (IDisposable[])[Issuer, Revoked, Root, Couriers, _packersKey, _server]) one.Dispose();
    }

    private SslClientAuthenticationOptions Options(X509Certificate2? certificate) => new()
    {
        TargetHost = Host,
        ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, [], offline: true),
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { _server.Authority },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    private static string Base64(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private string Declaration(string more)
    {
        var packersKey = "sha256:" + Base64(SHA256.HashData(_packersKey.ExportSubjectPublicKeyInfo()));
        return $$"""
        gatehouse: v1
        gateway: { name: front-door, owner: tests@retailer.example, environment: test }
        listeners:
          partners:
            address: "127.0.0.1:0"
            serves: [partner]
            hosts: [{{Host}}]
            tls:
              certificate: edge.pem
              key: edge.key
              clientAuthorities: [ca.pem, couriers.pem]
              revocation: { lists: [partner.crl, couriers.crl] }
          edge: { address: "127.0.0.1:0", serves: [public], hosts: [localhost, {{Host}}] }
        administration: { address: "127.0.0.1:0" }
        {{more}}
        assertions: { issuer: "{{Vouching.Issuer}}", keys: [ "file:assert.pem" ] }
        issuers:
          id: { issuer: "{{Issuer.Issuer}}", audiences: [{{Issuer.Audience}}], algorithms: [ES256], lifetime: 1h, keys: { file: keys.json } }
        consumers:
          freight:
            kind: partner
            owner: o@retailer.example
            grants: [shipments.read]
            authenticate: [ { certificate: { san: "dns:freight.acme.example", authority: ca.pem }, addresses: [127.0.0.1] } ]
          packer:
            kind: partner
            owner: o@retailer.example
            grants: [shipments.read]
            authenticate: [ { certificate: { spki: "{{packersKey}}" } } ]
          billing:
            kind: partner
            owner: o@retailer.example
            authenticate:
              - token: { issuer: id, clientId: billing }
                certificate: { san: "uri:spiffe://acme.example/billing", authority: ca.pem }
          bound: { kind: partner, owner: o@retailer.example, authenticate: [ { token: { issuer: id, clientId: bound } } ] }
        upstreams:
          shipments: { destinations: ["{{Upstream.Address.GetLeftPart(UriPartial.Authority)}}"] }
        apis:
          shipments:
            owner: shipments@retailer.example
            purpose: Shipments for tests
            upstream: shipments
            each: { personalData: none, consequence: A test fails, limits: [ { per: all, allow: 1000000, every: 1s } ] }
            routes:
              get-shipment:
                match: GET /shipments/{id}
                exposure: partner
                effect: read
                access: { consumers: [freight, packer, billing, bound], scopes: [shipments.read] }
              get-status: { match: GET /status, exposure: public, effect: read, access: { anonymous: A status page } }
        """;
    }
}
