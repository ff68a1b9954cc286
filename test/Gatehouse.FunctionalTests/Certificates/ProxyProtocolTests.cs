using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Certificates;

public sealed class ProxyProtocolTests
{
    private const string Get = "GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private const string Preamble = "PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n";
    private static readonly byte[] Binary = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0, 12,
        192, 0, 2, 1, 10, 0, 0, 1, 1, 2, 3, 4];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Control("IPX-8")]
    public async Task A_trusted_proxy_says_who_its_client_is(bool binary)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, "proxyProtocol: true, proxies: { networks: [127.0.0.1], hops: 1 }");
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync(binary ? [.. Binary, .. Encoding.ASCII.GetBytes(Get)] : Encoding.ASCII.GetBytes(Preamble + Get));
        Assert.Equal(200, (await client.ReadResponseAsync()).Status);
        const string ownWord = "\r\nX-Forwarded-For: 198.51.100.9\r\n\r\n";
        await client.SendAsync(Get.Replace("\r\n\r\n", ownWord, StringComparison.Ordinal));
        Assert.Equal(200, (await client.ReadResponseAsync()).Status);
        Assert.All(upstream.Requests, r => Assert.Equal("192.0.2.1", r.Header("X-Forwarded-For")));
        var line = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal(("192.0.2.1", "127.0.0.1"), ((string?)line["client"], (string?)line["peer"]));
    }

    [Fact]
    [Control("IPX-8")]
    public async Task What_it_says_decides_who_is_denied_and_the_peer_decides_about_networks()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream,
            "networks: [127.0.0.0/8], proxyProtocol: true, proxies: { networks: [127.0.0.1], hops: 1 }, addresses: { deny: [192.0.2.0/24] }");
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync(Preamble + Get);
        Assert.Equal(404, (await client.ReadResponseAsync()).Status);
        await using var other = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await other.SendAsync(Preamble.Replace("192.0.2.1", "198.51.100.1", StringComparison.Ordinal) + Get);
        Assert.Equal(200, (await other.ReadResponseAsync()).Status);
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData("127.0.0.9", Preamble + Get)]
    [InlineData("127.0.0.1", Get)]
    [InlineData("127.0.0.1", "PROXY TCP4 0300.0.2.1 10.0.0.1 4711 443\r\n" + Get)]
    [Control("IPX-8")]
    public async Task Whoever_is_no_proxy_or_says_nothing_is_cut(string proxies, string sent)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, $"proxyProtocol: true, proxies: {{ networks: [{proxies}], hops: 1 }}");
        Assert.Empty(await WhatComesBackAsync(gateway.AddressOf("edge").Port, sent));
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData(", proxies: { networks: [127.0.0.1], hops: 1 }")]
    [Control("IPX-8")]
    public async Task A_listener_that_is_not_set_for_it_believes_no_preamble(string proxies)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, proxies.TrimStart(',', ' '));
        foreach (var bytes in new[] { Encoding.ASCII.GetBytes(Preamble + Get), [.. Binary, .. Encoding.ASCII.GetBytes(Get)] })
        {
            await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
            await client.SendAsync(bytes);
            var answer = Encoding.ASCII.GetString(await client.ReadToEndAsync());
            if (bytes[0] == 'P') Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
            else Assert.DoesNotContain(" 200 ", answer, StringComparison.Ordinal);
        }

        Assert.Empty(upstream.Requests);
        Assert.DoesNotContain(gateway.AccessLog.Records, r => (string?)r["client"] == "192.0.2.1");
    }

    [Fact]
    public async Task A_proxy_that_stays_silent_is_not_waited_for()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, "proxyProtocol: true, proxies: { networks: [127.0.0.1], hops: 1 }", clock);
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync("PROXY ");
        var ended = client.ReadToEndAsync();
        await Eventually.HoldsAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(ended.IsCompleted);
        }, Cancel);
        Assert.Empty(await ended);
    }

    [Fact]
    [Control("IPX-8")]
    public async Task It_comes_before_the_handshake()
    {
        using var certificates = new TestCertificates();
        var own = certificates.Issue("localhost");
        await using var upstream = await FakeUpstream.StartAsync();
        var files = new Dictionary<string, string>
        {
            ["edge.pem"] = await File.ReadAllTextAsync(own.CertificateFile, Cancel),
            ["edge.key"] = await File.ReadAllTextAsync(own.KeyFile, Cancel),
        };
        await using var gateway = await StartAsync(upstream,
            "proxyProtocol: true, proxies: { networks: [127.0.0.1], hops: 1 }, tls: { certificate: edge.pem, key: edge.key }", null, files);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(gateway.AddressOf("edge"), Cancel);
        var stream = new NetworkStream(socket, ownsSocket: true);
        await stream.WriteAsync(Binary, Cancel);
        await using var tls = new SslStream(stream, false, static (_, certificate, _, _) => certificate is not null);
        await tls.AuthenticateAsClientAsync("localhost");
        await tls.WriteAsync(Encoding.ASCII.GetBytes(Get), Cancel);
        var answer = new byte[12];
        await tls.ReadExactlyAsync(answer, Cancel);
        Assert.Equal("HTTP/1.1 200", Encoding.ASCII.GetString(answer));
        Assert.Equal("192.0.2.1", (string?)(await gateway.AccessLog.WaitForAsync(_ => true, Cancel))["client"]);
    }

    [Theory]
    [InlineData("X-Real-IP: 192.0.2.1")]
    [InlineData("X-Forwarded-For: 192.0.2.1")]
    [InlineData("Forwarded: for=192.0.2.1")]
    [InlineData("True-Client-IP: 192.0.2.1")]
    [Control("IPX-1")]
    public async Task No_field_of_a_stranger_says_where_it_is(string field)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, "addresses: { deny: [192.0.2.0/24] }");
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);
        await client.SendAsync(Get.Replace("\r\n\r\n", $"\r\n{field}\r\n\r\n", StringComparison.Ordinal));
        Assert.Equal(200, (await client.ReadResponseAsync()).Status);
        Assert.Equal("127.0.0.1", (string?)(await gateway.AccessLog.WaitForAsync(_ => true, Cancel))["client"]);
        Assert.DoesNotContain(Assert.Single(upstream.Requests).Headers, h => h.Value.Contains("192.0.2.1", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("X-Real-IP: ")]
    [InlineData("X-Forwarded-For: ")]
    [InlineData("Forwarded: for=")]
    [Control("IPX-1")]
    public async Task No_field_of_a_stranger_opens_an_allow_list_or_begins_a_new_count(string field)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var open = new SmallDeclaration(upstream.Address);
        var listed = open with { MoreOfRoute = "addresses: { allow: [192.0.2.0/24] }" };
        await using (var gateway = await TestGateway.StartAsync(listed)) Assert.Equal(404, await CallAsync(gateway, field + "192.0.2.1"));
        var counted = open.ToString().Replace("per: all, allow: 1000000, every: 1s", "per: address, allow: 1, every: 1h", StringComparison.Ordinal);
        await using (var gateway = await TestGateway.StartAsync(counted))
            Assert.Equal((200, 429), (await CallAsync(gateway, field + "192.0.2.1"), await CallAsync(gateway, field + "198.51.100.1")));
        Assert.Single(upstream.Requests);
    }

    private static async Task<int> CallAsync(TestGateway gateway, string field)
    {
        var request = Get.Replace("\r\n\r\n", $"\r\n{field}\r\n\r\n", StringComparison.Ordinal);
        return (await RawHttpClient.ExchangeAsync(gateway.AddressOf("edge").Port, request)).Status;
    }

    private static Task<TestGateway> StartAsync(
        FakeUpstream upstream, string more, TimeProvider? clock = null, IReadOnlyDictionary<string, string>? files = null)
    {
        var listener = "address: \"127.0.0.1:0\", serves: [public]" + (more.Length == 0 ? "" : ", " + more);
        return TestGateway.StartAsync(new SmallDeclaration(upstream.Address) { Listener = listener }, files, clock);
    }

    /// <summary>Who is cut at once may hear of it while it connects or sends.</summary>
    private static async Task<byte[]> WhatComesBackAsync(int port, string sent)
    {
        try
        {
            await using var client = await RawHttpClient.ConnectAsync(port);
            await client.SendAsync(sent);
            return await client.ReadToEndAsync();
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return [];
        }
    }
}
