using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.TestKit;
using Microsoft.IdentityModel.Tokens;

namespace Gatehouse.FunctionalTests.Assertions;

/// <summary>What backends are told of callers, verified by the keys that the gateway publishes.</summary>
public sealed class AssertionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("IDP-1")]
    public async Task Says_who_calls_to_whom_and_for_how_long()
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var vouching = await Vouching.StartAsync(backend.Address);
        var keys = await vouching.Gateway.Administration.GetStringAsync("/assertion-keys", Cancel);

        var claims = await Vouching.ClaimsAsync(
            await vouching.AssertionAsync(backend, "/orders/17", Cancel, ("Test-Person", "customer-17")), keys);

        Assert.Equal(
            ("customer-17", "person", "web-shop", "customers", "orders/get-order", "token"),
            (Text(claims, "sub"), Text(claims, "caller"), Text(claims, "consumer"), Text(claims, "issuer"), Text(claims, "route"),
                Text(claims, "credential")));
        Assert.Equal(("a.b orders.read", "front-door", "test"), (Text(claims, "scope"), Text(claims, "gateway"), Text(claims, "environment")));
        Assert.Equal("[\"customers\"]", claims["people"]!.ToJsonString());
        Assert.InRange((long)claims["exp"]! - (long)claims["iat"]!, 1, 60);
        Assert.True(Text(claims, "jti").Length >= 22);
        Assert.False(claims.ContainsKey("target"));
    }

    [Fact]
    [Control("IDP-1")]
    public async Task Says_it_of_programs_and_of_nobody_in_particular_too()
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var vouching = await Vouching.StartAsync(backend.Address);
        var keys = await vouching.Gateway.Administration.GetStringAsync("/assertion-keys", Cancel);

        var program = await Vouching.ClaimsAsync(await vouching.AssertionAsync(backend, "/orders/17", Cancel, ("Test-Person", "-")), keys);
        var nobody = await Vouching.ClaimsAsync(await vouching.AssertionAsync(backend, "/orders/17", Cancel), keys);

        Assert.Equal(("web-shop", "consumer"), (Text(program, "sub"), Text(program, "caller")));
        Assert.Equal(("anonymous", "anonymous"), (Text(nobody, "sub"), Text(nobody, "caller")));
        Assert.False(nobody.ContainsKey("consumer") || nobody.ContainsKey("act") || program.ContainsKey("act") || program.ContainsKey("issuer"));
    }

    [Fact]
    [Control("IDP-1")]
    public async Task Is_reused_for_one_caller_route_and_upstream_and_for_no_other()
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var vouching = await Vouching.StartAsync(backend.Address);
        var keys = await vouching.Gateway.Administration.GetStringAsync("/assertion-keys", Cancel);

        var first = await vouching.AssertionAsync(backend, "/orders/17", Cancel, ("Test-Person", "customer-17"));
        var again = await vouching.AssertionAsync(backend, "/orders/18", Cancel, ("Test-Person", "customer-17"));
        var somebodyElse = await vouching.AssertionAsync(backend, "/orders/17", Cancel, ("Test-Person", "customer-18"));
        var elsewhere = await vouching.AssertionAsync(backend, "/others/17", Cancel, ("Test-Person", "customer-17"));

        Assert.Equal(first, again); // each call brings another credential object: what counts is what it says
        Assert.Equal("customer-18", Text(await Vouching.ClaimsAsync(somebodyElse, keys), "sub"));
        Assert.Equal("orders/get-other", Text(await Vouching.ClaimsAsync(elsewhere, keys, audience: "others"), "route"));
    }

    [Fact]
    [Control("IDP-1")]
    public async Task For_a_single_request_it_names_method_target_and_exchange_and_is_never_the_same()
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var vouching = await Vouching.StartAsync(backend.Address);
        var keys = await vouching.Gateway.Administration.GetStringAsync("/assertion-keys", Cancel);

        var claims = await Vouching.ClaimsAsync(await vouching.AssertionAsync(backend, "/v1/once/17?a=1", Cancel), keys);
        var next = await Vouching.ClaimsAsync(await vouching.AssertionAsync(backend, "/v1/once/17?a=1", Cancel), keys);

        Assert.Equal("GET", Text(claims, "method"));
        Assert.Equal(Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes("/once/17?a=1"))), Text(claims, "target"));
        Assert.Equal(backend.Requests[0].Header("X-Request-Id"), Text(claims, "request"));
        Assert.Equal("/once/17?a=1", backend.Requests[0].Target);
        Assert.NotEqual(Text(claims, "jti"), Text(next, "jti"));
    }

    [Fact]
    [Control("IDP-7")]
    public async Task Names_the_person_and_everybody_who_acts_for_it()
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var vouching = await Vouching.StartAsync(backend.Address);
        var keys = await vouching.Gateway.Administration.GetStringAsync("/assertion-keys", Cancel);

        var claims = await Vouching.ClaimsAsync(
            await vouching.AssertionAsync(backend, "/orders/17", Cancel, ("Test-Person", "customer-17"), ("Test-Actors", "planner assistant")), keys);

        Assert.Equal("customer-17", Text(claims, "sub"));
        Assert.Equal(
            """{"sub":"web-shop","act":{"sub":"planner","issuer":"customers","act":{"sub":"assistant","issuer":"customers"}}}""",
            claims["act"]!.ToJsonString());
    }

    [Fact]
    public async Task A_route_that_says_none_sends_none()
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var vouching = await Vouching.StartAsync(backend.Address);

        Assert.Null(await vouching.AssertionAsync(backend, "/plain/17", Cancel, ("Gatehouse-Assertion", "forged")));
    }

    [Fact]
    [Control("IDP-5")]
    public async Task Keys_are_rotated_by_a_reload_while_both_are_published()
    {
        await using var backend = await FakeUpstream.StartAsync();
        var files = new Dictionary<string, string> { ["a.pem"] = Vouching.NewKey(), ["b.pem"] = Vouching.NewKey() };
        await using var vouching = await Vouching.StartAsync(backend.Address, files);

        var before = await vouching.AssertionAsync(backend, "/orders/17", Cancel);
        await vouching.Gateway.ReloadAsync(Vouching.Declaration(backend.Address, "b.pem", "a.pem"), Cancel);
        var after = await vouching.AssertionAsync(backend, "/orders/17", Cancel);

        var keys = await vouching.Gateway.Administration.GetStringAsync("/assertion-keys", Cancel);
        await Vouching.ClaimsAsync(before, keys);
        await Vouching.ClaimsAsync(after, keys);
        Assert.NotEqual(KeyOf(before), KeyOf(after));

        await vouching.Gateway.ReloadAsync(Vouching.Declaration(backend.Address, "b.pem"), Cancel);
        keys = await vouching.Gateway.Administration.GetStringAsync("/assertion-keys", Cancel);
        Assert.DoesNotContain(KeyOf(before), keys, StringComparison.Ordinal);
    }

    [Fact]
    [Control("SEC-2", "the keys of assertions")]
    public async Task Keys_are_published_where_it_is_written_and_hold_no_secret()
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var vouching = await Vouching.StartAsync(backend.Address);

        using var answer = await vouching.Gateway.Client("inside").GetAsync(Vouching.KeysPath, Cancel);
        var keys = await answer.Content.ReadAsStringAsync(Cancel);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/jwk-set+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(TimeSpan.FromMinutes(5), answer.Headers.CacheControl!.MaxAge);
        Assert.Equal(await vouching.Gateway.Administration.GetStringAsync("/assertion-keys", Cancel), keys);
        Assert.Equal(
            ["kty,crv,x,y,kid,use,alg".Split(',').Order()],
            JsonNode.Parse(keys)!["keys"]!.AsArray().Select(k => k!.AsObject().Select(m => m.Key).Order()));
        var record = await vouching.Gateway.AccessLog.WaitForAsync(r => (string?)r["decidedBy"] == "assertion-keys", Cancel);
        Assert.Equal((200, keys.Length), ((int)record["status"]!, (int)record["bytesOut"]!));
        Assert.Equal(HttpStatusCode.NotFound, (await vouching.Edge.GetAsync(Vouching.KeysPath, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await vouching.Gateway.Client("inside").PostAsync(Vouching.KeysPath, null, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await vouching.Gateway.Client("inside").GetAsync(Vouching.KeysPath + "/x", Cancel)).StatusCode);
        Assert.Empty(backend.Requests);
    }

    [Fact]
    public async Task Without_assertions_there_are_no_keys()
    {
        await using var backend = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(new Hosting.SmallDeclaration(backend.Address));

        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Administration.GetAsync("/assertion-keys", Cancel)).StatusCode);
    }

    private static string Text(JsonObject claims, string name) => (string)claims[name]!;

    private static string KeyOf(string? assertion) => (string)JsonNode.Parse(Base64UrlEncoder.Decode(assertion!.Split('.')[0]))!["kid"]!;
}
