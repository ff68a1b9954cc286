using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.FunctionalTests.Certificates;

public sealed class RevocationOverSocketsTests
{
    private const string FromFile = ", revocation: { lists: [partner.crl] }";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [Control("MTL-5")]
    public async Task A_list_that_changes_ends_open_connections_of_the_revoked_and_no_others(int version)
    {
        await using var partners = await Partners.StartAsync(FromFile);
        using var good = partners.Root.Issue(new TestClient());
        using var bad = partners.Root.Issue(new TestClient());
        var (stays, goes) = (partners.Client(good, version), partners.Client(bad, version));
        Assert.Equal((200, 200), (await Partners.CallAsync(stays), await Partners.CallAsync(goes)));
        await partners.WriteAsync("partner.crl", Partners.Pem(partners.Root.List(bad)));
        Assert.Equal(ActivationOutcome.Activated, (await partners.Gateway.Running.ReloadAsync(Cancel)).Outcome);
        Assert.Equal((200, 401), (await Partners.CallAsync(stays), await Partners.CallAsync(goes)));
        Assert.Null(await Partners.CallAsync(partners.Client(bad, version)));
        await partners.RefusalAsync("it is revoked");
        Assert.Equal(3, partners.Upstream.Requests.Count);
    }

    [Fact]
    [Control("MTL-5")]
    public async Task A_list_that_cannot_be_used_keeps_the_one_before()
    {
        await using var partners = await Partners.StartAsync(FromFile, root => root.List());
        using var good = partners.Root.Issue(new TestClient());
        await partners.WriteAsync("partner.crl", Partners.Pem(partners.Root.List(new TestList { Extension = ("1.3.6.1.4.1.99999.1", true) })));
        Assert.Equal(ActivationOutcome.Refused, (await partners.Gateway.Running.ReloadAsync(Cancel)).Outcome);
        Assert.Equal(200, await Partners.CallAsync(partners.Client(good)));
    }

    [Fact]
    [Control("MTL-5")]
    [Control("MTL-2")]
    public async Task Open_connections_end_with_their_certificate_and_with_a_list_that_becomes_stale()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var partners = await Partners.StartAsync(
            FromFile, root => root.List(new TestList { Until = TimeSpan.FromHours(2) }), clock);
        using var brief = partners.Root.Issue(new TestClient { Until = TimeSpan.FromHours(1) });
        using var lasting = partners.Root.Issue(new TestClient());
        var (first, second) = (partners.Client(brief), partners.Client(lasting));
        Assert.Equal((200, 200), (await Partners.CallAsync(first), await Partners.CallAsync(second)));
        clock.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal((401, 200), (await Partners.CallAsync(first), await Partners.CallAsync(second)));
        clock.Advance(TimeSpan.FromMinutes(60));
        Assert.Equal(401, await Partners.CallAsync(second));
        Assert.Null(await Partners.CallAsync(partners.Client(lasting)));
        await partners.RefusalAsync("there is no current revocation list of its authority");
    }

    [Fact]
    public async Task What_passes_without_a_list_is_told_once_and_counted()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var until = clock.GetUtcNow().AddDays(60);
        var allowance = $"{{ allow: Their authority moves, owner: security@retailer.example, until: {until:yyyy-MM-dd}, atMost: 1d }}";
        await using var partners = await Partners.StartAsync($", revocation: {{ lists: [partner.crl], whenStale: {allowance} }}", null, clock);
        using var leaf = partners.Root.Issue(new TestClient { Until = TimeSpan.FromDays(20) });
        Assert.Equal(200, await Partners.CallAsync(partners.Client(leaf)));
        Assert.DoesNotContain("without a current revocation list", partners.Gateway.Events, StringComparison.Ordinal);
        clock.Advance(TimeSpan.FromHours(25));
        Assert.Equal((200, 200), (await Partners.CallAsync(partners.Client(leaf)), await Partners.CallAsync(partners.Client(leaf))));
        Assert.Equal(1, partners.Gateway.Events.Split("without a current revocation list").Length - 1);
        var metrics = await partners.Gateway.Administration.GetStringAsync("/metrics", Cancel);
        Assert.Matches("""gatehouse_certificates_unchecked_total\{[^}]*listener="edge"[^}]*\} 2""", metrics);
        Assert.Matches("""gatehouse_certificates_ending_total\{[^}]*within="30d"[^}]*\} 3""", metrics);
        Assert.Matches("""gatehouse_certificates_remaining_seconds\{[^}]*of="list"[^}]*\} -""", metrics);
        clock.Advance(TimeSpan.FromHours(24));
        Assert.Null(await Partners.CallAsync(partners.Client(leaf)));
    }

    [Fact]
    [Control("MTL-10")]
    public async Task Ends_of_certificates_are_measured_and_told_at_the_start()
    {
        await using var partners = await Partners.StartAsync(FromFile); // the listener's own ends in five days
        Assert.Contains("GH1051 the certificate expires on", partners.Gateway.Events, StringComparison.Ordinal);
        var metrics = await partners.Gateway.Administration.GetStringAsync("/metrics", Cancel);
        foreach (var of in new[] { "certificate", "authority", "list" })
            Assert.Matches($$"""gatehouse_certificates_remaining_seconds\{[^}]*of="{{of}}"[^}]*\} [1-9]""", metrics);
    }

    [Fact]
    [Control("MTL-5")]
    public async Task A_list_that_is_fetched_is_kept_refreshed_and_missed_when_it_is_stale()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var source = await FakeUpstream.StartAsync();
        byte[] list = [];
        source.On("/a.crl", http => http.Response.Body.WriteAsync(list).AsTask());
        source.On("/moved.crl", 302, "", ("Location", "/a.crl"));
        await using var partners = await Partners.StartAsync(
            $", revocation: {{ lists: [\"{source.Address}a.crl\"], refresh: 1m }}", null, clock);
        using var good = partners.Root.Issue(new TestClient());
        using var bad = partners.Root.Issue(new TestClient());
        Assert.Null(await Partners.CallAsync(partners.Client(good))); // nothing was to be had
        await partners.Gateway.ToldAsync("cannot be had", Cancel);

        using var twin = TestAuthority.Root("partners", partners.Root.Now);
        list = twin.List(new TestList { Until = TimeSpan.FromDays(99) });
        await AskedAsync(source, clock, 2);
        Assert.Null(await Partners.CallAsync(partners.Client(good))); // nobody who may has signed it

        list = partners.Root.List();
        await Eventually.HoldsAsync(async () =>
        {
            clock.Advance(TimeSpan.FromSeconds(31));
            return await Partners.CallAsync(partners.Client(good)) == 200;
        }, Cancel);
        await partners.Gateway.ToldAsync("is there again", Cancel);
        var open = partners.Client(bad);
        Assert.Equal(200, await Partners.CallAsync(open));

        list = partners.Root.List(new TestList { From = TimeSpan.FromMinutes(-1) }, bad);
        await Eventually.HoldsAsync(async () =>
        {
            clock.Advance(TimeSpan.FromSeconds(61));
            return await Partners.CallAsync(open) == 401;
        }, Cancel);
        Assert.Equal(200, await Partners.CallAsync(partners.Client(good)));

        list = [];
        clock.Advance(TimeSpan.FromDays(1));
        Assert.Null(await Partners.CallAsync(partners.Client(good)));
        await partners.RefusalAsync("there is no current revocation list of its authority");
    }

    [Fact]
    public async Task A_clock_that_was_ahead_for_a_while_puts_nothing_off()
    {
        var clock = new SteppedClock();
        await using var source = await FakeUpstream.StartAsync();
        byte[] list = [];
        source.On("/a.crl", http => http.Response.Body.WriteAsync(list).AsTask());
        await using var partners = await Partners.StartAsync(
            $", revocation: {{ lists: [\"{source.Address}a.crl\"], refresh: 1m }}", null, clock);
        using var good = partners.Root.Issue(new TestClient());
        clock.Step = TimeSpan.FromDays(1);
        await AskedAsync(source, clock, 2);
        clock.Step = TimeSpan.Zero;
        list = partners.Root.List();
        await AskedAsync(source, clock, 3);
        await Eventually.HoldsAsync(async () => await Partners.CallAsync(partners.Client(good)) == 200, Cancel);
    }

    [Fact]
    public async Task A_redirect_is_no_list()
    {
        await using var source = await FakeUpstream.StartAsync();
        source.On("/moved.crl", 302, "", ("Location", "/a.crl"));
        await using var partners = await Partners.StartAsync($", revocation: {{ lists: [\"{source.Address}moved.crl\"] }}");
        using var good = partners.Root.Issue(new TestClient());
        Assert.Null(await Partners.CallAsync(partners.Client(good)));
        Assert.All(source.Requests, r => Assert.Equal("/moved.crl", r.Target));
        await partners.Gateway.ToldAsync("cannot be had: status 302", Cancel);
    }

    private static Task AskedAsync(FakeUpstream source, FakeTimeProvider clock, int times) => Eventually.HoldsAsync(() =>
    {
        if (source.Requests.Count < times) clock.Advance(TimeSpan.FromSeconds(31));
        return Task.FromResult(source.Requests.Count >= times);
    }, Cancel);
}
