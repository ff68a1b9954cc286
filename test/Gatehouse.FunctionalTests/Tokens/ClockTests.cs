using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.Runtime;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Tokens;

/// <summary>A gateway whose clock is put forward and back under it.</summary>
public sealed class ClockTests : IAsyncLifetime
{
    private const string Open =
        """

              get-offer:
                match: GET /offers/{id}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "a test" }
                limits: [ { per: all, allow: 1000000, every: 1s } ]
        """;

    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);
    private readonly TestIssuer _issuer = new();
    private readonly SteppedClock _clock = new();
    private FakeUpstream _upstream = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _gateway = await TestGateway.StartAsync(
            Declaration(), new Dictionary<string, string> { ["keys.json"] = _issuer.Jwks() }, _clock);
        _client = _gateway.Client("edge");
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _upstream.DisposeAsync();
        _issuer.Dispose();
    }

    [Fact]
    [Control("AVL-3", "a clock out of step")]
    public async Task A_clock_that_is_put_back_makes_the_gateway_unready_and_no_token_good()
    {
        var token = Token();
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(token)).StatusCode); // and is remembered

        Put(TimeSpan.FromMinutes(-10));
        using var refused = await CallAsync(token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Contains("identity-unavailable", await refused.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await CallAsync(Token())).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync("/offers/1", Cancel)).StatusCode);
        using var unready = await _gateway.Administration.GetAsync("/readyz", Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, unready.StatusCode);
        Assert.Contains("\"clockInStep\":false", await unready.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Contains("the clock was put back by 600 s", _gateway.Events, StringComparison.Ordinal);
        var record = await _gateway.AccessLog.WaitForAsync(r => (string?)r["problem"] == "identity-unavailable", Cancel);
        Assert.Equal(("token: the clock is out of step", "identify"), ((string?)record["reason"], (string?)record["decidedBy"]));

        var other = Declaration().Replace("Orders for tests", "Orders", StringComparison.Ordinal);
        Assert.Equal(ActivationOutcome.Activated, (await _gateway.ReloadAsync(other, Cancel)).Outcome); // changes nothing of it
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await CallAsync(token)).StatusCode);

        Put(TimeSpan.Zero);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _gateway.Administration.GetAsync("/readyz", Cancel)).StatusCode);
    }

    [Fact]
    [Control("AVL-3", "a clock out of step")]
    public async Task A_clock_that_was_put_forward_is_believed_once_it_has_kept_step()
    {
        Put(TimeSpan.FromMinutes(10));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await CallAsync(Token())).StatusCode);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(Token())).StatusCode);
        Assert.Contains("it is believed", _gateway.Events, StringComparison.Ordinal);
    }

    private string Declaration() => new OrdersDeclaration(_upstream)
    {
        Who = OrdersDeclaration.ByToken(OrdersDeclaration.Issuer, people: false),
        Access = "consumers: [web-shop]",
    } + Open;

    private void Put(TimeSpan step)
    {
        _clock.Step = step;
        _clock.Advance(Moment); // the look of every second
    }

    private string Token() =>
        _issuer.Token(_clock.GetUtcNow(), new JsonObject { ["client_id"] = "web-shop", ["sub"] = "web-shop" });

    private async Task<HttpResponseMessage> CallAsync(string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/orders/1");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        return await _client.SendAsync(request, Cancel);
    }
}
