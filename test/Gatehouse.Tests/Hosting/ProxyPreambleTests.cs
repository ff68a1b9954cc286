using System.Buffers;
using System.Net;
using System.Text;
using CsCheck;
using Gatehouse.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Hosting;

public sealed class ProxyPreambleTests
{
    private static readonly byte[] Signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n", "192.0.2.1")]
    [InlineData("PROXY TCP6 2001:db8::7 ::1 4711 443\r\n", "2001:db8::7")]
    [InlineData("PROXY TCP6 ::ffff:192.0.2.1 ::1 0 65535\r\n", "192.0.2.1")]
    [InlineData("PROXY UNKNOWN\r\n", null)]
    [InlineData("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", null)]
    public void Reads_the_text_form(string text, string? client)
    {
        var bytes = Encoding.ASCII.GetBytes(text + "GET / HTTP/1.1\r\n");
        Assert.Equal((PreambleState.Complete, text.Length, client), Read(bytes));
        for (var cut = 0; cut < text.Length; cut++) Assert.Equal(PreambleState.Incomplete, Read(bytes[..cut]).State);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("PROXY  TCP4 192.0.2.1 10.0.0.1 4711 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 10.0.0.1 4711\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 10.0.0.1 4711 443 1\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 10.0.0.1 4711 65536\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 10.0.0.1 04711 443\r\n")]
    [InlineData("PROXY TCP4 0300.0.2.1 10.0.0.1 4711 443\r\n")]
    [InlineData("PROXY TCP4 2001:db8::7 ::1 4711 443\r\n")]
    [InlineData("PROXY TCP6 192.0.2.1 10.0.0.1 4711 443\r\n")]
    [InlineData("PROXY UDP4 192.0.2.1 10.0.0.1 4711 443\r\n")]
    [InlineData("PROXY\r\n")]
    [InlineData("proxy TCP4 192.0.2.1 10.0.0.1 4711 443\r\n")]
    public void Refuses_what_is_not_exactly_that(string text) => Assert.Equal(PreambleState.Wrong, Read(Encoding.ASCII.GetBytes(text)).State);

    [Fact]
    [Control("IPX-8")]
    public void Both_forms_are_bounded()
    {
        Assert.Equal(PreambleState.Wrong, Read(Encoding.ASCII.GetBytes("PROXY UNKNOWN " + new string('a', 200))).State);
        Assert.Equal(PreambleState.Wrong, Read(Encoding.ASCII.GetBytes("PROXY UNKNOWN " + new string('a', 100) + "\r\n")).State);
        Assert.Equal(PreambleState.Wrong, Read([.. Signature, 0x21, 0x11, 0x02, 0x09]).State);
    }

    [Fact]
    public void Reads_the_binary_form()
    {
        byte[] four = [.. Signature, 0x21, 0x11, 0, 12, 192, 0, 2, 1, 10, 0, 0, 1, 1, 2, 3, 4];
        Assert.Equal((PreambleState.Complete, 28, "192.0.2.1"), Read([.. four, 0x16]));
        for (var cut = 0; cut < four.Length; cut++) Assert.Equal(PreambleState.Incomplete, Read(four[..cut]).State);
        byte[] six = [.. Signature, 0x21, 0x21, 0, 39, .. IPAddress.Parse("2001:db8::7").GetAddressBytes(), .. new byte[20], 4, 0, 0];
        Assert.Equal((PreambleState.Complete, 55, "2001:db8::7"), Read(six)); // with a detail that is not looked at
        Assert.Equal((PreambleState.Complete, 16, null), Read([.. Signature, 0x20, 0x00, 0, 0])); // the proxy's own connection
        Assert.Equal((PreambleState.Complete, 18, null), Read([.. Signature, 0x21, 0x00, 0, 2, 1, 1]));
    }

    [Theory]
    [InlineData(0x11, 0x11, 12)]
    [InlineData(0x22, 0x11, 12)]
    [InlineData(0x21, 0x11, 11)]
    [InlineData(0x21, 0x12, 12)]
    [InlineData(0x21, 0x21, 12)]
    [InlineData(0x21, 0x31, 216)]
    public void Refuses_other_versions_commands_and_families(byte command, byte family, byte length) =>
        Assert.Equal(PreambleState.Wrong, Read([.. Signature, command, family, 0, length, .. new byte[length]]).State);

    [Fact]
    public void Never_throws() => Gen.Byte.Array[0, 600].Sample(bytes =>
    {
        _ = Read(bytes);
        _ = Read([.. Signature, 0x21, .. bytes]);
        _ = Read([.. Encoding.ASCII.GetBytes("PROXY TCP4 "), .. bytes]);
    });

    private static (PreambleState State, int Length, string? Client) Read(byte[] bytes)
    {
        var state = ProxyPreamble.Read(new ReadOnlySequence<byte>(bytes), out var length, out var client);
        return (state, state == PreambleState.Complete ? length : 0, client?.ToString());
    }
}
