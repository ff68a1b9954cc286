using System.Globalization;
using System.Net;
using System.Text;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Authorise;

/// <summary>A route that asks somebody else, and everything that this one may answer.</summary>
public sealed class AuthoriserTests : IAsyncLifetime
{
    private const string Path = "/access/v1/evaluation";
    private const string Yes = """{"decision":true}""";

    private FakeUpstream _upstream = null!;
    private FakeUpstream _pdp = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _pdp = await FakeUpstream.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _upstream.DisposeAsync();
        await _pdp.DisposeAsync();
    }

    [Fact]
    [Control("AZN-1")]
    public async Task A_yes_lets_the_call_pass_and_the_question_is_as_the_standard_has_it()
    {
        Answer(Yes);
        await using var gateway = await StartAsync();
        var response = await gateway.Client("edge").GetAsync("/things/caf%C3%A9", Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var asked = Assert.Single(_pdp.Requests);
        Assert.Equal(("POST", "application/json"), (asked.Method, asked.Header("Content-Type")));
        Assert.Equal("Bearer pdp-secret-1", asked.Header("Authorization"));
        Assert.Equal(response.Headers.GetValues("X-Request-Id").Single(), asked.Header("X-Request-ID"));
        Assert.Equal(
            """
            {"subject":{"type":"anonymous","id":"anonymous"},"action":{"name":"things.read","properties":{"method":"GET"}},
            "resource":{"type":"thing","id":"caf\u00E9","properties":{"route":"things/get-thing","path":{"id":"caf\u00E9"}}},
            "context":{"address":"127.0.0.1","listener":"edge"}}
            """.Replace("\n", "", StringComparison.Ordinal),
            Encoding.UTF8.GetString(asked.Body));
        Assert.DoesNotContain("caf", string.Concat(await gateway.AccessLog.RecordsAsync(1, Cancel)), StringComparison.Ordinal);
    }

    [Fact]
    [Control("AZN-1")]
    public async Task A_no_is_a_403_that_no_backend_hears_of()
    {
        Answer("""{"decision":false,"context":{"reason":"not your order"}}""");
        await using var gateway = await StartAsync();
        Assert.Equal("403 forbidden authorize: the authoriser says no", await RefusedAsync(gateway));
    }

    [Theory]
    [InlineData(200, "application/json", "{}", "an answer without one clear decision")]
    [InlineData(200, "application/json", "{\"decision\":\"true\"}", "an answer without one clear decision")]
    [InlineData(200, "application/json", "{\"decision\":tr", "an answer without one clear decision")]
    [InlineData(200, "text/plain", Yes, "an answer that is not JSON")]
    [InlineData(200, "", Yes, "an answer that is not JSON")]
    [InlineData(201, "application/json", Yes, "an answer with another status than 200")]
    [InlineData(302, "application/json", Yes, "an answer with another status than 200")]
    [InlineData(401, "application/json", Yes, "an answer with another status than 200")]
    [InlineData(500, "application/json", Yes, "an answer with another status than 200")]
    [Control("AZN-1")]
    public async Task Anything_but_a_decision_is_a_503_that_no_backend_hears_of(int status, string type, string body, string why)
    {
        _pdp.On(Path, async http =>
        {
            http.Response.StatusCode = status;
            http.Response.Headers.Location = "/yes";
            if (type.Length > 0) http.Response.ContentType = type;
            await http.Response.WriteAsync(body);
        });
        _pdp.On("/yes", 200, Yes, ("Content-Type", "application/json"));
        await using var gateway = await StartAsync();
        Assert.Equal("503 authorisation-unavailable authorize: " + why, await RefusedAsync(gateway));
        Assert.Single(_pdp.Requests);
    }

    [Fact]
    [Control("AZN-1")]
    public async Task A_huge_answer_is_a_503()
    {
        Answer("{\"x\":\"" + new string('x', 100_000) + "\",\"decision\":true}");
        await using var gateway = await StartAsync();
        Assert.Equal("503 authorisation-unavailable authorize: an answer that is too large", await RefusedAsync(gateway));
    }

    [Fact]
    [Control("AZN-1")]
    public async Task A_slow_authoriser_is_a_503()
    {
        _pdp.On(Path, http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        await using var gateway = await StartAsync("timeout: 50ms");
        Assert.Equal("503 authorisation-unavailable authorize: no answer in time", await RefusedAsync(gateway));
    }

    [Fact]
    [Control("AZN-1")]
    [Control("AVL-3", "an authoriser")]
    public async Task An_authoriser_that_is_down_is_a_503()
    {
        await using var gateway = await StartAsync();
        await _pdp.DisposeAsync();
        Assert.Equal("503 authorisation-unavailable authorize: no answer", await RefusedAsync(gateway));
    }

    [Fact]
    [Control("AZN-1")]
    public async Task An_authoriser_that_cannot_prove_who_it_is_is_asked_nothing()
    {
        using var certificates = new TestCertificates();
        using var others = new TestCertificates("Somebody else");
        await using var pdp = await FakeUpstream.StartAsync(certificate: others.Issue("localhost").Certificate, host: "localhost");
        pdp.On(Path, 200, Yes, ("Content-Type", "application/json"));
        await using (var gateway = await StartAsync("authorities: ca.pem", pdp, certificates.AuthorityPem))
            Assert.Equal("503 authorisation-unavailable authorize: no answer", await RefusedAsync(gateway));
        Assert.Empty(pdp.Requests);
        await using (var gateway = await StartAsync("authorities: ca.pem", pdp, others.AuthorityPem))
            Assert.Equal(HttpStatusCode.OK, (await gateway.Client("edge").GetAsync("/things/1", Cancel)).StatusCode);
    }

    [Fact]
    public async Task The_same_question_is_asked_once_while_its_answer_may_be_used()
    {
        Answer(Yes);
        await using var gateway = await StartAsync("cache: 5m");
        var client = gateway.Client("edge");
        foreach (var path in (string[])["/things/1", "/things/1", "/things/2", "/things/1", "/things/2"])
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(path, Cancel)).StatusCode);
        Assert.Equal(2, _pdp.Requests.Count);
    }

    [Fact]
    [Control("AZN-1")]
    public async Task That_there_was_no_answer_is_not_remembered()
    {
        await using var gateway = await StartAsync("cache: 5m");
        _pdp.On(Path, 503);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await gateway.Client("edge").GetAsync("/things/1", Cancel)).StatusCode);
        Answer(Yes);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Client("edge").GetAsync("/things/1", Cancel)).StatusCode);
    }

    [Fact]
    [Control("AZN-1")]
    public async Task A_stranger_costs_the_authoriser_no_question()
    {
        Answer(Yes);
        await using var gateway = await StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.Client("edge").GetAsync("/secret/1", Cancel)).StatusCode);
        Assert.Equal(0, _pdp.Connections);
    }

    private void Answer(string json) => _pdp.On(Path, 200, json, ("Content-Type", "application/json; charset=utf-8"));

    private async Task<string> RefusedAsync(TestGateway gateway)
    {
        await gateway.Client("edge").GetAsync("/things/1", Cancel);
        var record = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal(0, _upstream.Connections);
        return $"{record["status"]} {record["problem"]} {record["decidedBy"]}: {record["reason"]}";
    }

    private Task<TestGateway> StartAsync(string more = "timeout: 10s", FakeUpstream? pdp = null, string authorities = "")
    {
        var until = TimeProvider.System.GetUtcNow().AddDays(100).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var declaration = new SmallDeclaration(_upstream.Address)
        {
            MoreOfRoute = "authorize: { by: pdp, action: things.read, resource: { type: thing, id: \"{id}\" } }",
            MoreRoutes =
                $$"""

                      get-secret:
                        match: GET /secret/{id}
                        exposure: public
                        effect: read
                        personalData: none
                        authorize: { by: pdp, action: things.read, resource: { type: thing, id: "{id}" } }
                        access: { consumers: [shop], scopes: [things.read] }
                        limits: [ { per: all, allow: 1000000, every: 1s } ]
                authorisers:
                  pdp: { endpoint: "{{(pdp ?? _pdp).Address.GetLeftPart(UriPartial.Authority)}}{{Path}}", credential: "file:pdp-token", {{more}} }
                consumers:
                  shop:
                    kind: application
                    owner: tests@retailer.example
                    grants: [things.read]
                    authenticate:
                      - apiKey: { id: k7f3abcd, hash: "hmac-sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", expires: {{until}} }
                keys: { pepper: "file:pepper" }
                """,
        };
        return TestGateway.StartAsync(
            declaration,
            new Dictionary<string, string> { ["pepper"] = new('p', 40), ["pdp-token"] = "pdp-secret-1\n", ["ca.pem"] = authorities });
    }
}
