using System.Net;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Gatehouse.Tokens;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Tokens;

/// <summary>A real issuer that rotates its keys and goes away, while calls with its tokens pass a whole gateway.</summary>
public sealed class RealIssuerCallsTests
{
    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("JWT-11")]
    public async Task Its_keys_rotate_and_no_call_with_a_good_token_is_refused()
    {
        await using var issuer = await RealIssuer.StartAsync();
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(issuer, upstream);
        var client = gateway.Client("edge");
        var old = await issuer.TokenAsync();
        await using (var calls = new SteadyCalls(gateway.Client("edge"), old))
        {
            await calls.AreMadeAsync();
            issuer.Rotate();
            var next = await issuer.TokenAsync();
            Assert.Equal(HttpStatusCode.OK, await CallAsync(client, next)); // a key that is not known yet
            Assert.Equal(HttpStatusCode.OK, await CallAsync(client, old));
            calls.Token = next;
            await calls.AreMadeAsync();
            issuer.ForgetOldKeys();
            await calls.BetweenAsync(() => _clock.Advance(IssuerKeys.Refresh));
            await Eventually.HoldsAsync(async () => await CallAsync(client, old) == HttpStatusCode.Unauthorized, Cancel);
            await calls.AreMadeAsync();
        }

        await gateway.AccessLog.WaitForAsync(r => (string?)r["reason"] == "token: unknown key", Cancel);
        Assert.DoesNotContain(gateway.AccessLog.Records, r => (int)r["status"]! is not (200 or 401));
    }

    [Fact]
    [Control("JWT-13")]
    public async Task When_it_is_gone_its_known_keys_serve_for_a_day_and_nobody_else_gets_in()
    {
        await using var issuer = await RealIssuer.StartAsync();
        await using var upstream = await FakeUpstream.StartAsync();
        await using var gateway = await StartAsync(issuer, upstream);
        var client = gateway.Client("edge");
        var (known, unseen) = (await issuer.TokenAsync(), await issuer.TokenAsync());
        await using (var calls = new SteadyCalls(gateway.Client("edge"), known))
        {
            await calls.AreMadeAsync();
            issuer.Rotate();
            var ofUnknownKey = await issuer.TokenAsync();
            await issuer.StopAsync();
            await calls.AreMadeAsync();
            Assert.Equal(HttpStatusCode.OK, await CallAsync(client, unseen));
            Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(client, ofUnknownKey));
            await calls.BetweenAsync(() => _clock.Advance(IssuerKeys.MaxStale - TimeSpan.FromMinutes(1)));
            await calls.AreMadeAsync();
        }

        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await CallAsync(client, known));
        await gateway.AccessLog.WaitForAsync(r => (string?)r["problem"] == "identity-unavailable", Cancel);
        await using var started = await StartAsync(issuer, upstream); // one that never had any keys
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await CallAsync(started.Client("edge"), unseen));
        Assert.All(upstream.Requests, r => Assert.Null(r.Header("Authorization")));
    }

    private static async Task<HttpStatusCode> CallAsync(HttpClient client, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/orders/1");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        using var response = await client.SendAsync(request, Cancel);
        return response.StatusCode;
    }

    private Task<TestGateway> StartAsync(RealIssuer issuer, FakeUpstream upstream) => TestGateway.StartAsync(
        new OrdersDeclaration(upstream)
        {
            Who = OrdersDeclaration.ByToken(
                $"id: {{ issuer: \"{issuer.Address}\", audiences: [retailer-apis], algorithms: [RS256], profile: at+jwt, "
                + "keys: { discovery: true }, hosts: [127.0.0.1] }",
                people: true),
        },
        clock: _clock);
}
