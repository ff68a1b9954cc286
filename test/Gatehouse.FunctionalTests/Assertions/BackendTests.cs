using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Assertions;

/// <summary>
/// The supplied verifier, in a service behind a real gateway: what comes through it is taken, what goes around it is refused and reported.
/// </summary>
public sealed class BackendTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("BKD-1")]
    [Control("BKD-4", "in .NET")]
    public async Task Takes_what_came_through_the_gateway_and_knows_who_calls()
    {
        await using var site = await SiteAsync();

        var person = await site.CallAsync("/orders/17", "customer-17");
        var nobody = await site.CallAsync("/orders/17", null);

        Assert.Equal(
            ("customer-17", "web-shop", "orders/get-order"),
            ((string?)person["person"], (string?)person["consumer"], (string?)person["route"]));
        Assert.Equal((true, "customers", """{"sub":"web-shop"}"""), ((bool)person["mayRead"]!, (string?)person["people"], (string?)person["actors"]));
        Assert.Equal((true, null), ((bool)nobody["anonymous"]!, (string?)nobody["consumer"]));
        Assert.Empty(site.Backend.Reported);
    }

    [Fact]
    [Control("BKD-1")]
    public async Task Refuses_and_reports_what_went_around_the_gateway()
    {
        await using var site = await SiteAsync();
        await site.CallAsync("/orders/17", "customer-17");
        var good = site.Backend.Seen[^1];
        var parts = good.Split('.');
        await site.CallAsync("/orders/17", "customer-18");
        var other = site.Backend.Seen[^1].Split('.');

        Assert.Equal((200, null), await site.AroundAsync(good)); // the check below is of the refusals, not of a service that refuses all
        Assert.Equal((401, "missing"), await site.AroundAsync(null));
        Assert.Equal((401, "malformed"), await site.AroundAsync("nonsense"));
        Assert.Equal((401, "signature"), await site.AroundAsync($"{parts[0]}.{other[1]}.{parts[2]}"));
        Assert.Equal((401, "signature"), await site.AroundAsync($"{parts[0]}.{parts[1]}.AAAA"));
        Assert.Equal((401, "algorithm"), await site.AroundAsync($"{Encoded("""{"alg":"none","typ":"gatehouse-assertion+jwt"}""")}.{parts[1]}."));
        Assert.Equal((401, "type"), await site.AroundAsync($"{Encoded("""{"alg":"ES256","typ":"at+jwt","kid":"x"}""")}.{parts[1]}.{parts[2]}"));
        var unknown = Encoded("""{"alg":"ES256","typ":"gatehouse-assertion+jwt","kid":"../x"}""");
        Assert.Equal((401, "key"), await site.AroundAsync($"{unknown}.{parts[1]}.{parts[2]}"));
    }

    [Fact]
    [Control("BKD-1")]
    public async Task Refuses_an_assertion_for_another_backend_of_another_issuer_or_of_yesterday()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var site = await SiteAsync(clock);
        await site.CallAsync("/orders/17", "customer-17");
        var good = site.Backend.Seen[^1];
        await using var elsewhere = await TrustingBackend.StartAsync(o => (o.Audience, o.KeysUrl) = ("returns", site.Keys));
        await using var stranger = await TrustingBackend.StartAsync(o => (o.Issuer, o.KeysUrl) = ("https://other.example", site.Keys));

        Assert.Equal((401, "audience"), await elsewhere.CallAsync("/", good, Cancel));
        Assert.Equal((401, "issuer"), await stranger.CallAsync("/", good, Cancel));
        clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal((200, null), await site.AroundAsync(good));
        clock.Advance(TimeSpan.FromSeconds(8)); // the life and the leeway are over
        Assert.Equal((401, "expired"), await site.AroundAsync(good));
    }

    [Fact]
    [Control("BKD-1")]
    public async Task For_single_requests_refuses_a_second_use_and_another_request()
    {
        await using var site = await SiteAsync(perRequest: true);
        Assert.NotNull((await site.CallAsync("/v1/once/17?a=1", "customer-17"))["person"]);
        var used = site.Backend.Seen[^1];

        Assert.Equal((401, "replayed"), await site.AroundAsync(used, "/once/17?a=1"));
        Assert.Equal((401, "other-request"), await site.AroundAsync(used, "/once/18?a=1"));
        Assert.Equal((401, "other-request"), await site.AroundAsync(used, "/once/17?a=2"));
        Assert.Equal((401, "other-request"), await site.Backend.CallAsync("/once/17?a=1", used, Cancel, HttpMethod.Post));
        using var reusable = await site.Vouching.Edge.GetAsync("/orders/17", Cancel); // the route does not make them for single requests
        Assert.Equal((HttpStatusCode.Unauthorized, "not-per-request"), (reusable.StatusCode, site.Backend.Reported[^1]));
    }

    [Fact]
    [Control("BKD-4", "in .NET")]
    public async Task Follows_a_rotation_and_asks_for_an_unknown_key_seldom()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var asked = new CountingHandler();
        await using var site = await SiteAsync(clock, handler: asked);
        await site.CallAsync("/orders/17", "customer-17");
        await site.CallAsync("/orders/17", "customer-18");
        Assert.Equal(1, asked.Count);
        var old = site.Backend.Seen[^1];

        var file = Path.Combine(site.Vouching.Gateway.Folder, "b.pem");
        await File.WriteAllTextAsync(file, Vouching.NewKey(), Cancel);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await site.Vouching.Gateway.ReloadAsync(Vouching.Declaration(site.Backend.Address, "b.pem"), Cancel);
        for (var i = 0; i < 20; i++) Assert.Equal((200, null), await site.AroundAsync(old)); // known keys are good while they are kept
        clock.Advance(TimeSpan.FromSeconds(6));
        Assert.NotNull((await site.CallAsync("/orders/17", "customer-17"))["person"]);
        Assert.Equal(2, asked.Count);

        Assert.Equal((401, "key"), await site.AroundAsync(old)); // the old key is gone, and is not asked for again so soon
        for (var i = 0; i < 20; i++) await site.AroundAsync(old);
        Assert.Equal(2, asked.Count);
    }

    [Fact]
    public async Task Without_keys_nobody_is_let_in_and_nobody_is_called_a_stranger()
    {
        await using var site = await SiteAsync();
        await site.CallAsync("/orders/17", "customer-17");
        await using var blind = await TrustingBackend.StartAsync(o => o.KeysUrl = new Uri(RawUpstream.Refusing(), "/keys"));

        Assert.Equal((503, "no-keys"), await blind.CallAsync("/", site.Backend.Seen[^1], Cancel));
    }

    private static string Encoded(string json) => Microsoft.IdentityModel.Tokens.Base64UrlEncoder.Encode(json);

    /// <param name="clock">The backend's; the gateway's is the system's.</param>
    private static async Task<Site> SiteAsync(TimeProvider? clock = null, bool perRequest = false, HttpMessageHandler? handler = null)
    {
        Uri? keys = null;
        var backend = await TrustingBackend.StartAsync(
            o =>
            {
                (o.PerRequest, o.KeysHandler) = (perRequest, handler);
                o.KeysUrl = keys; // read when the first call comes
            },
            clock);
        var vouching = await Vouching.StartAsync(backend.Address);
        keys = vouching.KeysUrl;
        return new Site(backend, vouching);
    }

    private sealed record Site(TrustingBackend Backend, Vouching Vouching) : IAsyncDisposable
    {
        public Uri Keys => Vouching.KeysUrl;

        public async Task<JsonObject> CallAsync(string path, string? person)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (person is not null) request.Headers.Add("Test-Person", person);
            using var answer = await Vouching.Edge.SendAsync(request, Cancel);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!.AsObject();
        }

        public Task<(int Status, string? Reason)> AroundAsync(string? assertion, string path = "/orders/17") =>
            Backend.CallAsync(path, assertion, Cancel);

        public async ValueTask DisposeAsync()
        {
            await Vouching.DisposeAsync();
            await Backend.DisposeAsync();
        }
    }

    private sealed class CountingHandler() : DelegatingHandler(new SocketsHttpHandler { UseProxy = false })
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _count);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
