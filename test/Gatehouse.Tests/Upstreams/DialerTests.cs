using System.Net;
using System.Net.Sockets;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;

namespace Gatehouse.Tests.Upstreams;

public sealed class DialerTests
{
    /// <summary>On Linux every address of 127.0.0.0/8 is this machine; nothing listens on this one.</summary>
    private static readonly IPAddress Nobody = IPAddress.Parse("127.0.0.9");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tries_every_address_of_a_name()
    {
        await using var service = RawUpstream.Silent();
        var dialer = Leading(Nobody, IPAddress.Parse("127.0.0.8"), IPAddress.Loopback);

        await using var stream = await ConnectAsync(dialer, service.Port);

        Assert.True(stream.CanWrite);
    }

    [Fact]
    public async Task Does_not_wait_long_for_an_address_that_does_not_answer()
    {
        await using var service = RawUpstream.Silent();
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(Nobody, service.Port));
        full.Listen(0);
        var waiting = Enumerable.Range(0, 4).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
        var connecting = waiting.ConvertAll(s => s.ConnectAsync(new IPEndPoint(Nobody, service.Port), Cancel).AsTask());
        await Task.WhenAny(connecting); // its queue is full now: who comes next waits
        var dialer = Leading(Nobody, IPAddress.Loopback);

        await using var stream = await ConnectAsync(dialer, service.Port);

        Assert.True(stream.CanWrite);
        foreach (var socket in waiting) socket.Dispose();
        await Task.WhenAny(Task.WhenAll(connecting));
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("fe80::1")]
    [InlineData("168.63.129.16")]
    [InlineData("0.0.0.0")]
    public async Task Connects_to_no_address_that_nobodys_service_has(string address)
    {
        await using var service = RawUpstream.Silent();
        var dialer = Leading(IPAddress.Parse(address));

        var failure = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(dialer, service.Port));

        Assert.Equal(SocketError.HostNotFound, failure.SocketErrorCode);
        Assert.Equal(0, service.Connections);
    }

    [Fact]
    public async Task Says_what_went_wrong_with_the_last_address()
    {
        var refusing = RawUpstream.Refusing();
        var dialer = Leading(IPAddress.Loopback, Nobody);

        var failure = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(dialer, refusing.Port));

        Assert.Equal(SocketError.ConnectionRefused, failure.SocketErrorCode);
    }

    private static Dialer Leading(params IPAddress[] to) => new((_, _) => Task.FromResult(to), TimeProvider.System);

    private static Task<Stream> ConnectAsync(Dialer dialer, int port) =>
        dialer.ConnectAsync(new DnsEndPoint("orders.internal", port), Cancel).AsTask();
}
