using Gatehouse.Configuration;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Declaration;

/// <summary>A declaration with every decision, of which one is left out.</summary>
public sealed class MandatoryDecisionTests
{
    private const string Complete =
        """
        gatehouse: v1
        gateway: { name: front-door, owner: platform@retailer.example, environment: test }
        listeners: { edge: { address: "127.0.0.1:8080", serves: [public] } }
        administration: { address: "127.0.0.1:9900" }
        keys: { pepper: "file:keys/pepper" }
        consumers:
          web-shop:
            kind: application
            owner: digital@retailer.example
            grants: [stock.read]
            authenticate: [ { apiKey: { id: k7f3, hash: "hmac-sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", expires: 2027-06-30 } } ]
        upstreams: { stock: { destinations: ["http://127.0.0.1:5101"] } }
        apis:
          stock:
            upstream: stock
            routes:
              get-stock:
                match: GET /stock/{article}
                owner: stock@retailer.example
                purpose: Stock of the shops
                exposure: public
                effect: read
                personalData: none
                access: { consumers: [web-shop], scopes: [stock.read] }
                limits: [ { per: consumer, allow: 60, every: 1m } ]

        """;

    [Fact]
    public void Loads_with_every_decision() => Assert.Empty(Declarations.Read(Complete).Findings);

    [Theory]
    [InlineData("owner")]
    [InlineData("purpose")]
    [InlineData("exposure")]
    [InlineData("effect")]
    [InlineData("personalData")]
    [InlineData("access")]
    [InlineData("limits")]
    [Control("EXP-3")]
    public void Is_refused_without_any_one_of_them(string decision) => AssertRefused(decision);

    [Fact]
    [Control("AZN-2")]
    public void Is_refused_without_a_word_about_access() => AssertRefused("access");

    private static void AssertRefused(string decision)
    {
        var lines = Complete.Split('\n').ToList();
        Assert.Equal(1, lines.RemoveAll(l => l.StartsWith($"        {decision}:", StringComparison.Ordinal)));
        var reading = Declarations.Read(string.Join('\n', lines));
        Assert.Null(reading.Definition);
        Assert.Contains(reading.Findings, f =>
            f.IsError && f.Message.Contains("stock/get-stock", StringComparison.Ordinal) && f.ToString().Contains(decision switch
            {
                "access" => "who may call",
                "limits" => "limit",
                _ => decision,
            }, StringComparison.Ordinal));
    }
}
