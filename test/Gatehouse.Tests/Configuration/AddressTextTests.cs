using System.Net;
using CsCheck;
using Gatehouse.Configuration;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Configuration;

public sealed class AddressTextTests
{
    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    [InlineData("::1", "::1")]
    [InlineData("2001:DB8:0:0::1", "2001:db8::1")]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1")]
    [InlineData("::FFFF:0a00:0001", "10.0.0.1")]
    [Control("IPX-3")]
    public void Reads_every_form_of_an_address_as_the_same_address(string text, string same)
    {
        Assert.True(AddressText.TryReadAddress(text, out var address));
        Assert.Equal(IPAddress.Parse(same), address);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0177.0.0.1")]
    [InlineData("010.0.0.1")]
    [InlineData("127.1")]
    [InlineData("127.0.1")]
    [InlineData("0x7f000001")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("2130706433")]
    [InlineData("256.0.0.1")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.")]
    [InlineData(" 1.2.3.4")]
    [InlineData("1.2.3.4 ")]
    [InlineData("+1.2.3.4")]
    [InlineData("١.2.3.4")]
    [InlineData("[::1]")]
    [InlineData("fe80::1%eth0")]
    [InlineData("::ffff:0177.0.0.1")]
    [InlineData("::ffff:127.1")]
    [InlineData("::1/64")]
    [InlineData("localhost")]
    [InlineData(":::")]
    [Control("IPX-4")]
    public void Refuses_text_that_others_read_differently(string text) => Assert.False(AddressText.TryReadAddress(text, out _));

    [Theory]
    [InlineData("10.0.0.0/8", "10.255.0.1", "11.0.0.1")]
    [InlineData("10.0.0.5", "10.0.0.5", "10.0.0.6")]
    [InlineData("2001:db8::/32", "2001:db8::1", "2001:db9::1")]
    [InlineData("::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.1")]
    [InlineData("0.0.0.0/0", "203.0.113.9", "::1")]
    public void Reads_networks(string text, string within, string without)
    {
        Assert.True(AddressText.TryReadNetwork(text, out var network));
        var networks = new Networks([network]);
        Assert.True(networks.Contain(IPAddress.Parse(within)));
        Assert.False(networks.Contain(IPAddress.Parse(without)));
    }

    [Theory]
    [InlineData("10.0.0.1/8")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/08")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10/8")]
    [InlineData("::/129")]
    [InlineData("2001:db8::1/32")]
    [InlineData("::ffff:10.0.0.0/64")]
    [InlineData("10.0.0.0/8/8")]
    public void Refuses_networks_that_say_two_things_or_none(string text) => Assert.False(AddressText.TryReadNetwork(text, out _));

    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1", 8080)]
    [InlineData("[::1]:0", "::1", 0)]
    [InlineData("0.0.0.0:65535", "0.0.0.0", 65535)]
    public void Reads_listening_points(string text, string address, int port)
    {
        Assert.True(AddressText.TryReadEndPoint(text, out var endPoint));
        Assert.Equal(new IPEndPoint(IPAddress.Parse(address), port), endPoint);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData(":8080")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:080")]
    [InlineData("::1:80")]
    [InlineData("[127.0.0.1]:80")]
    [InlineData("localhost:80")]
    [InlineData("*:80")]
    public void Refuses_listening_points_that_are_not_exact(string text) => Assert.False(AddressText.TryReadEndPoint(text, out _));

    [Theory]
    [InlineData("[10.0.0.0/8, '::1']", 0)]
    [InlineData("[]", 1)]
    [InlineData("10.0.0.0/8", 1)]
    [InlineData("[010.0.0.1, 127.1]", 2)]
    public void Complains_about_each_network_that_it_cannot_read(string yaml, int complaints)
    {
        var findings = new Findings();
        var node = YamlReader.Read("test.yaml", yaml, findings);
        Assert.Equal(complaints == 0, NetworkShapes.Networks().TryRead(node!, findings, out _));
        Assert.Equal(complaints, findings.InOrder().Count);
    }

    [Fact]
    public void Never_throws() => Gen.String[Gen.Char["0123456789abcdefx.:/[]% "], 0, 50].Sample(text =>
    {
        _ = AddressText.TryReadAddress(text, out _);
        _ = AddressText.TryReadNetwork(text, out _);
        return !AddressText.TryReadEndPoint(text, out var endPoint) || endPoint.Port <= ushort.MaxValue;
    });
}
