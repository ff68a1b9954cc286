using System.Net;
using System.Net.Sockets;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Hosting;

/// <summary>A listener of both versions of IP, to which IPv4 addresses come written as IPv6.</summary>
public sealed class DualStackTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("IPX-3")]
    public async Task An_address_is_the_same_over_both_sockets()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "there is no IPv6 here");
        using var certificates = new TestCertificates();
        var own = certificates.Issue("localhost");
        await using var upstream = await FakeUpstream.StartAsync();
        var declaration = new SmallDeclaration(upstream.Address)
        {
            Listener = "address: \"[::]:0\", serves: [public], networks: [127.0.0.1, \"::1\"], addresses: { allow: [127.0.0.0/30] }, "
                + "tls: { certificate: edge.pem, key: edge.key }",
            MoreOfRoute = "addresses: { deny: [127.0.0.2] }",
        };
        await using var gateway = await TestGateway.StartAsync(declaration, new Dictionary<string, string>
        {
            ["edge.pem"] = await File.ReadAllTextAsync(own.CertificateFile, Cancel),
            ["edge.key"] = await File.ReadAllTextAsync(own.KeyFile, Cancel),
        });
        var port = gateway.AddressOf("edge").Port;
        Assert.Equal(200, await CallAsync(IPAddress.Loopback));
        Assert.Equal("127.0.0.1", (string?)Assert.Single(await gateway.AccessLog.RecordsAsync(1, Cancel))["client"]);
        Assert.Equal(404, await CallAsync(IPAddress.IPv6Loopback)); // it may connect, and is not allowed to call
        Assert.Single(upstream.Requests);

        async Task<int> CallAsync(IPAddress address)
        {
            await using var client = await RawHttpClient.ConnectAsync(new IPEndPoint(address, port), "localhost", certificates.Authority);
            await client.SendAsync("GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
            return (await client.ReadResponseAsync()).Status;
        }
    }
}
