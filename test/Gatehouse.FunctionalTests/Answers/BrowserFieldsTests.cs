using Gatehouse.FunctionalTests.Exchanges;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.Runtime;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Answers;

public sealed class BrowserFieldsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Speech.Http1, null)]
    [InlineData(Speech.Http2, "max-age=31536000")]
    [Control("ERR-7")]
    public async Task Every_answer_says_that_its_type_is_what_it_says_and_over_tls_that_there_is_no_other_way(Speech speech, string? hsts)
    {
        await using var upstream = (await FakeUpstream.StartAsync())
            .On("/things/1", 200, "ok", ("Strict-Transport-Security", "max-age=1"), ("X-Content-Type-Options", "sniff"))
            .On("/things/2", 404, "no");
        await using var front = await Front.StartAsync(speech, new SmallDeclaration(upstream.Address));
        foreach (var path in (string[])["/things/1", "/things/2", "/nowhere", "/things/%zz"])
        {
            var headers = (await front.Client.GetAsync(path, Cancel)).Headers;
            Assert.Equal(["nosniff"], headers.GetValues("X-Content-Type-Options"));
            Assert.Equal(hsts, headers.TryGetValues("Strict-Transport-Security", out var said) ? Assert.Single(said) : null);
        }
    }

    [Fact]
    [Control("SMG-15")]
    public async Task A_gateway_that_is_its_own_service_answers_once()
    {
        await using var nobody = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new SmallDeclaration(nobody.Address));
        var itself = new Uri($"http://127.0.0.1:{gateway.AddressOf("edge").Port}");
        Assert.Equal(ActivationOutcome.Activated, (await gateway.ReloadAsync(new SmallDeclaration(itself), Cancel)).Outcome);

        var response = await gateway.Client("edge").GetAsync("/things/1", Cancel);

        Assert.Equal(508, (int)response.StatusCode);
        Assert.Contains("loop-detected", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("Via"));
        var records = await gateway.AccessLog.RecordsAsync(2, Cancel);
        Assert.Equal(2, records.Count);
        var refused = Assert.Single(records, r => r["problem"] is not null);
        Assert.Equal("the request has passed this gateway before", (string?)refused["reason"]);
    }
}
