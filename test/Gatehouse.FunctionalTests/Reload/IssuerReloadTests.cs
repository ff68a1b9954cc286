using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.FunctionalTests.Tokens;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Reload;

/// <summary>Issuers that change while calls go on: their keys, by a file that nobody announces, and what is declared of them.</summary>
public sealed class IssuerReloadTests : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());
    private readonly TestIssuer _issuer = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _issuer.Dispose();

    [Fact]
    [Control("JWT-11")]
    public async Task Keys_of_a_file_rotate_and_no_call_with_a_good_token_is_refused()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        var client = gateway.Client("edge");
        var (old, next) = (_issuer.Ec, _issuer.Key("ec-2", "ES256"));
        var (before, after) = (Token(old), Token(next));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(client, after));
        await using (var calls = new SteadyCalls(gateway.Client("edge"), before))
        {
            await calls.AreMadeAsync();
            await WriteAsync(gateway, _issuer.Jwks(old, next));
            await UntilAsync(calls, async () => await CallAsync(client, after) == HttpStatusCode.OK);
            calls.Token = after;
            await calls.AreMadeAsync();
            await WriteAsync(gateway, _issuer.Jwks(next));
            await UntilAsync(calls, async () => await CallAsync(client, before) == HttpStatusCode.Unauthorized);
            await calls.AreMadeAsync();
            await WriteAsync(gateway, "{\"keys\":[]}"); // is no set: what there is stays in force
            await UntilAsync(calls, () => Task.FromResult(gateway.Events.Contains("reload refused", StringComparison.Ordinal)));
            await calls.AreMadeAsync();
        }

        Assert.Equal(3, gateway.Running.Activation.Current.Revision);
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(client, Token(old)));
    }

    [Theory]
    [InlineData("issuer: \"https://id.retailer.example\"", "issuer: \"https://id.retailer.example/\"", "token: of no declared issuer")]
    [InlineData("audiences: [retailer-apis]", "audiences: [retailer-apis-2027]", "token: for another audience")]
    [InlineData("algorithms: [ES256]", "algorithms: [ES256], profile: at+jwt, revoked: [ { subject: anna } ]", "token: revoked")]
    [InlineData("algorithms: [ES256]", "algorithms: [ES256], bound: dpop", "token: not bound to a key")]
    [Control("JWT-6")]
    [Control("JWT-7")]
    public async Task What_is_declared_of_an_issuer_holds_at_once_for_tokens_that_were_good_before(string was, string becomes, string reason)
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream);
        var client = gateway.Client("edge");
        var token = Token(_issuer.Ec);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(client, token));
        var changed = Declaration(upstream).Replace(was, becomes, StringComparison.Ordinal);
        var result = await gateway.ReloadAsync(changed, Cancel);
        Assert.True(result.Outcome == ActivationOutcome.Activated, string.Join('\n', result.Findings));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(client, token));
        Assert.Equal([null, reason], (await gateway.AccessLog.RecordsAsync(2, Cancel)).Select(r => (string?)r["reason"]));
        await gateway.ReloadAsync(Declaration(upstream), Cancel);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(client, token));
    }

    private string Token(TestKey key) =>
        _issuer.Token(_clock.GetUtcNow(), new JsonObject { ["exp"] = _clock.GetUtcNow().AddHours(1).ToUnixTimeSeconds() }, key: key);

    private static Task WriteAsync(TestGateway gateway, string keys) =>
        File.WriteAllTextAsync(Path.Combine(gateway.Folder, "keys.json"), keys, Cancel);

    /// <summary>Lets the gateway look at its files until it holds.</summary>
    private Task UntilAsync(SteadyCalls calls, Func<Task<bool>> holds) => Eventually.HoldsAsync(
        async () =>
        {
            if (await holds()) return true;
            await calls.BetweenAsync(() => _clock.Advance(Look));
            return false;
        },
        Cancel);

    private static async Task<HttpStatusCode> CallAsync(HttpClient client, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/orders/1");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        using var response = await client.SendAsync(request, Cancel);
        return response.StatusCode;
    }

    private Task<TestGateway> StartAsync(FakeUpstream upstream) => TestGateway.StartAsync(
        Declaration(upstream), new Dictionary<string, string> { ["keys.json"] = _issuer.Jwks() }, _clock, watchEvery: Look);

    private static string Declaration(FakeUpstream upstream) => new OrdersDeclaration(upstream);
}
