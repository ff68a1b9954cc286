using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Gatehouse.TestKit;
using Microsoft.IdentityModel.Tokens;

namespace Gatehouse.FunctionalTests.Certificates;

/// <summary>Partners through a whole gateway: who comes with what, from where, and what the backend then hears.</summary>
public sealed class PartnerCallsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("MTL-4")]
    [Control("IDP-1")]
    public async Task A_partner_is_known_by_its_certificate_and_the_backend_hears_of_it()
    {
        await using var front = await PartnerFront.StartAsync();
        using var freight = front.Root.Issue(new TestClient { Names = ["dns:other.acme.example", "dns:freight.acme.example"] });
        using var packer = front.Packers("dns:anything.example");
        using var billing = front.Root.Issue(new TestClient { Names = ["uri:spiffe://acme.example/billing"] });
        using var unknown = front.Root.Issue(new TestClient { Names = ["dns:unknown.example"] });
        Assert.Equal(200, await front.CallAsync(freight));
        Assert.Equal(200, await front.CallAsync(packer));
        Assert.Equal(200, await front.CallAsync(billing, front.Token("billing")));
        Assert.Equal(200, await front.CallAsync(unknown, front.Token("bound", boundTo: unknown)));
        Assert.Equal(["freight", "packer", "billing", "bound"], front.Upstream.Requests.Select(ConsumerOf));
        Assert.All(front.Upstream.Requests, r => Assert.Null(r.Header("Authorization")));
        Assert.Equal(
            ["certificate", "certificate", "token+certificate", "token"],
            (await front.Gateway.AccessLog.RecordsAsync(4, Cancel)).Select(r => (string?)r["credentialKind"]));
    }

    public static TheoryData<string, string[], string, int> LookAlikes => new()
    {
        { "freight", ["dns:freight.acme.example.evil.example"], "certificate: of no consumer", 401 },
        { "freight", ["dns:evil-freight.acme.example"], "certificate: of no consumer", 401 },
        { "freight", ["dns:*.acme.example"], "certificate: of no consumer", 401 },
        { "freight", ["dns:FREIGHT.acme.example"], "certificate: of no consumer", 401 },
        { "freight", ["uri:dns:freight.acme.example"], "certificate: of no consumer", 401 },
        { "freight.acme.example", [], "certificate: of no consumer", 401 }, // a common name alone
        { "dns:freight.acme.example", ["dns:unknown.example"], "certificate: of no consumer", 401 },
        { "freight", ["dns:freight.acme.example", "uri:spiffe://acme.example/billing"], "certificate: of more than one consumer", 400 },
    };

    [Theory]
    [MemberData(nameof(LookAlikes))]
    [Control("MTL-4")]
    public async Task A_certificate_that_looks_alike_is_nobodys(string commonName, string[] names, string reason, int status)
    {
        await using var front = await PartnerFront.StartAsync();
        using var certificate = front.Root.Issue(new TestClient { Name = commonName, Names = names });
        Assert.Equal(status, await front.CallAsync(certificate));
        await AssertRefusedAsync(front, reason);
    }

    [Fact]
    [Control("MTL-4", "an authority that is pinned for others")]
    public async Task A_name_that_another_pinned_authority_vouches_for_is_nobodys()
    {
        await using var front = await PartnerFront.StartAsync();
        using var forged = front.Couriers.Issue(new TestClient { Names = ["dns:freight.acme.example"] });
        Assert.Equal(401, await front.CallAsync(forged));
        await AssertRefusedAsync(front, "no entry of the consumer names exactly what was presented");
    }

    [Fact]
    [Control("MTL-4")]
    public async Task Another_key_is_another_partner()
    {
        await using var front = await PartnerFront.StartAsync();
        using var renewed = front.Packers("dns:renewed.example");
        Assert.Equal(200, await front.CallAsync(renewed));
        using var other = front.Root.Issue(new TestClient { Names = ["dns:renewed.example"] });
        Assert.Equal(401, await front.CallAsync(other));
        Assert.Single(front.Upstream.Requests);
    }

    [Fact]
    [Control("MTL-1")]
    [Control("MTL-2")]
    [Control("MTL-3")]
    [Control("MTL-5")]
    [Control("MTL-6")]
    public async Task What_is_not_a_good_certificate_gets_no_connection()
    {
        await using var front = await PartnerFront.StartAsync();
        using var expired = front.Root.Issue(new TestClient { From = TimeSpan.FromDays(-9), Until = TimeSpan.FromDays(-1) });
        using var early = front.Root.Issue(new TestClient { From = TimeSpan.FromHours(1) });
        using var server = front.Root.Issue(new TestClient { Purposes = [TestAuthority.ForServers] });
        using var own = front.Root.Issue(new TestClient { SelfSigned = true });
        using var elsewhere = TestAuthority.Root("partners", front.Root.Now);
        using var stranger = elsewhere.Issue(new TestClient());
        (X509Certificate2? Certificate, string? Reason)[] bad =
        [
            (null, "the client has no certificate"), (front.Revoked, "it is revoked"), (expired, "a certificate of the chain is not valid now"),
            (early, "a certificate of the chain is not valid now"), (server, "it is not meant for clients"), (own, null), (stranger, null),
        ];
        for (var i = 0; i < bad.Length; i++)
        {
            Assert.Null(await front.CallAsync(bad[i].Certificate, front.Token("bound")));
            await Eventually.HoldsAsync(() => Task.FromResult(Handshakes(front).Count == i + 1), Cancel);
            var line = Handshakes(front)[i];
            if (bad[i].Reason is { } reason) Assert.Equal(reason, (string?)line["reason"]);
            Assert.NotNull(line["reason"]);
            Assert.Equal(
                ("partners", PartnerFront.Host, "127.0.0.1"), ((string?)line["listener"], (string?)line["serverName"], (string?)line["client"]));
            var serial = bad[i].Certificate?.SerialNumber.TrimStart('0').ToLowerInvariant();
            Assert.Equal(serial, ((string?)line["certificateSerial"])?.TrimStart('0'));
        }

        Assert.Empty(front.Upstream.Requests);
    }

    [Fact]
    [Control("IPX-5", "an address never stands for a credential, nor a credential for an address")]
    public async Task A_good_certificate_from_another_address_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere only one address leads to the loopback");
        await using var front = await PartnerFront.StartAsync();
        using var freight = front.Root.Issue(new TestClient());
        Assert.Equal(401, await front.CallAsync(freight, from: "127.0.0.2"));
        await AssertRefusedAsync(front, "from an address that the consumer's entry does not name");
        Assert.Equal(200, await front.CallAsync(freight));
    }

    [Fact]
    [Control("JWT-18")]
    [Control("KEY-12", "kinds that are not declared together")]
    public async Task Token_and_certificate_hold_together_or_not_at_all()
    {
        await using var front = await PartnerFront.StartAsync();
        using var billing = front.Root.Issue(new TestClient { Names = ["uri:spiffe://acme.example/billing"] });
        using var freight = front.Root.Issue(new TestClient());
        using var unknown = front.Root.Issue(new TestClient { Names = ["dns:unknown.example"] });
        using var another = front.Root.Issue(new TestClient { Names = ["dns:unknown.example"] });
        (X509Certificate2 Certificate, string? Token, string Reason)[] bad =
        [
            (billing, null, "no entry of the consumer names exactly what was presented"),
            (freight, front.Token("billing"), "credentials of different consumers"),
            (unknown, front.Token("billing"), "certificate: of no consumer"),
            (another, front.Token("bound", boundTo: unknown), "token: bound to another client certificate"),
            (freight, front.Token("bound", boundTo: freight), "credentials of different consumers"),
        ];
        foreach (var (certificate, token, reason) in bad)
        {
            Assert.Equal(401, await front.CallAsync(certificate, token));
            await AssertRefusedAsync(front, reason);
        }
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData(PartnerFront.Host)]
    [Control("MTL-6")]
    public async Task A_listener_without_certificates_has_no_partners_routes(string host)
    {
        await using var front = await PartnerFront.StartAsync();
        Assert.Equal(404, await front.CallAsync(null, listener: "edge", host: host));
        Assert.Equal(404, await front.CallAsync(null, front.Token("bound"), listener: "edge", host: host));
        Assert.Empty(front.Upstream.Requests);
        Assert.Equal(0, front.Upstream.Connections);
    }

    private static async Task AssertRefusedAsync(PartnerFront front, string reason)
    {
        await front.Gateway.AccessLog.WaitForAsync(r => (string?)r["reason"] == reason, Cancel);
        Assert.Empty(front.Upstream.Requests);
    }

    private static List<JsonObject> Handshakes(PartnerFront front) =>
        [.. front.Gateway.AccessLog.Records.Where(r => (string?)r["event"] == "handshake-refused")];

    private static string? ConsumerOf(ReceivedRequest request)
    {
        var claims = JsonNode.Parse(Base64UrlEncoder.Decode(request.Header("Gatehouse-Assertion")!.Split('.')[1]))!;
        Assert.Equal("shipments", (string?)claims["aud"]);
        return (string?)claims["consumer"];
    }
}
