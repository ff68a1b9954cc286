using Gatehouse.Policies.Upgrade;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Tests.Policies.Upgrade;

public sealed class UpgradePolicyTests
{
    private static readonly (string, string) Key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    private readonly PolicyHarness _harness = new();

    [Theory]
    [InlineData(true, "GET", "websocket", "Upgrade", true)]
    [InlineData(true, "GET", "WebSocket", "keep-alive, upgrade", true)]
    [InlineData(true, "GET", null, "keep-alive", true)]
    [InlineData(false, "GET", null, "keep-alive", true)]
    [InlineData(false, "GET", "websocket", "upgrade", false)]
    [InlineData(true, "POST", "websocket", "upgrade", false)]
    [InlineData(true, "GET", "websocket", "keep-alive", false)]
    [InlineData(true, "GET", "websocket, h2c", "upgrade", false)]
    [InlineData(true, "GET", "h2c", "Upgrade, HTTP2-Settings", false)]
    [InlineData(false, "GET", "h2c", "Upgrade, HTTP2-Settings", false)]
    [InlineData(true, "CONNECT", null, "", false)]
    [Control("SMG-10")]
    public void Lets_only_declared_WebSockets_through(bool declared, string method, string? upgrade, string connection, bool passes)
    {
        (string, string)[] headers = upgrade is null ? [("Connection", connection)] : [("Connection", connection), ("Upgrade", upgrade), Key];
        var exchange = _harness.Exchange(method, "/", "127.0.0.1", null, null, headers);
        Assert.Equal(passes ? null : "upgrade-not-allowed", PolicyHarness.Decide(Policy(declared), exchange).Problem?.Name);
    }

    [Theory]
    [InlineData("Content-Length", "5", false)]
    [InlineData("Transfer-Encoding", "chunked", false)]
    [InlineData("Content-Length", "0", true)]
    [Control("SMG-10")]
    public void Refuses_a_WebSocket_handshake_with_a_body(string name, string value, bool passes)
    {
        (string, string)[] headers = [("Connection", "upgrade"), ("Upgrade", "websocket"), Key, (name, value)];
        var exchange = _harness.Exchange("GET", "/", "127.0.0.1", null, null, headers);
        Assert.Equal(passes ? null : "upgrade-not-allowed", PolicyHarness.Decide(Policy(declared: true), exchange).Problem?.Name);
    }

    [Theory]
    [InlineData(true, "dGhlIHNhbXBsZSBub25jZQ==")]
    [InlineData(false)]
    [InlineData(false, "")]
    [InlineData(false, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ==")]
    [InlineData(false, "dGhlIHNhbXBsZSBub25jZQ")] // without its end
    [InlineData(false, "dGhlIHNhbXBsZSBub25jZQ== ")]
    [InlineData(false, "dGhlIHNhbXBsZSBub25j")] // 15 bytes
    [InlineData(false, "dGhlIHNhbXBsZSBub25jZWE=")] // 17 bytes
    [InlineData(false, "this is not base64 at al")]
    public void Asks_for_one_key_of_16_bytes(bool passes, params string[] keys)
    {
        (string, string)[] headers = [("Connection", "upgrade"), ("Upgrade", "websocket"), .. keys.Select(k => ("Sec-WebSocket-Key", k))];
        var exchange = _harness.Exchange("GET", "/", "127.0.0.1", null, null, headers);
        Assert.Equal(passes ? null : "upgrade-not-allowed", PolicyHarness.Decide(Policy(declared: true), exchange).Problem?.Name);
    }

    [Theory]
    [InlineData(true, "websocket", true)]
    [InlineData(true, "connect-udp", false)]
    [InlineData(false, "websocket", false)]
    public void Looks_at_HTTP_2_as_well(bool declared, string protocol, bool passes)
    {
        var exchange = _harness.Exchange("CONNECT", "/");
        exchange.Http.Features.Set<IHttpExtendedConnectFeature>(new ExtendedConnect(protocol));
        Assert.Equal(passes ? null : "upgrade-not-allowed", PolicyHarness.Decide(Policy(declared), exchange).Problem?.Name);
    }

    private Gatehouse.Pipeline.Policy Policy(bool declared) =>
        new UpgradeKind().Compile(_harness.Route(upgrade: declared ? Gatehouse.Routes.Upgrade.WebSocket : null), _harness.Context);

    private sealed record ExtendedConnect(string Protocol) : IHttpExtendedConnectFeature
    {
        public bool IsExtendedConnect => true;

        public ValueTask<Stream> AcceptAsync() => throw new NotSupportedException();
    }
}
