using System.Net;
using Gatehouse.FunctionalTests.Hosting;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gatehouse.FunctionalTests.Upstreams;

/// <summary>A whole gateway asks its destinations whether they are well.</summary>
public sealed class HealthTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Control("RES-5")]
    [Fact]
    public async Task A_destination_that_says_it_is_not_well_gets_no_calls_until_it_is()
    {
        await using var one = await FakeUpstream.StartAsync();
        await using var other = await FakeUpstream.StartAsync();
        var isWell = true;
        one.On("/healthz", http => AnswerAsync(http, Volatile.Read(ref isWell) ? 200 : 503));
        await using var gateway = await TestGateway.StartAsync(Checked(one.Address, other.Address));
        var client = gateway.Client("edge");
        await Eventually.HoldsAsync(() => Task.FromResult(one.Requests.Count >= 2), Cancel);

        Volatile.Write(ref isWell, false);
        await gateway.ToldAsync($"{Text(one)} is down: status 503", Cancel);
        for (var i = 0; i < 20; i++) Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/things/1", Cancel)).StatusCode);
        Assert.DoesNotContain(one.Requests, r => r.Target == "/things/1");
        var metrics = await gateway.Administration.GetStringAsync("/metrics", Cancel);
        Assert.Matches($$"""gatehouse_upstreams_usable\{[^}]*destination="{{Text(one)}}"[^}]*\} 0""", metrics);
        Assert.Matches("""gatehouse_upstreams_changes_total\{[^}]*change="down"[^}]*\} 1""", metrics);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Administration.GetAsync("/readyz", Cancel)).StatusCode); // the gateway itself is well

        Volatile.Write(ref isWell, true);
        await gateway.ToldAsync($"{Text(one)} is up again", Cancel);
        await Eventually.HoldsAsync(
            async () =>
            {
                using var response = await client.GetAsync("/things/1", Cancel);
                return one.Requests.Any(r => r.Target == "/things/1");
            }, Cancel);
    }

    [Control("RES-5")]
    [Fact]
    public async Task When_all_destinations_are_down_calls_are_refused_at_once()
    {
        await using var one = await FakeUpstream.StartAsync();
        one.On("/healthz", 500);
        await using var gateway = await TestGateway.StartAsync(Checked(one.Address, RawUpstream.Refusing()));
        await Eventually.HoldsAsync(() => Task.FromResult(gateway.Events.Split(" is down: ").Length == 3), Cancel);

        using var response = await gateway.Client("edge").GetAsync("/things/1", Cancel);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("upstream-unavailable", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.DoesNotContain(one.Requests, r => r.Target == "/things/1");
        var record = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal("no destination can be used", (string?)record["reason"]);
    }

    [Fact]
    public async Task A_check_speaks_as_exchanges_do_and_follows_no_redirect()
    {
        await using var service = await FakeUpstream.StartAsync(HttpProtocols.Http2);
        service.On("/healthz", 302, "", ("Location", "/elsewhere"));
        await using var gateway = await TestGateway.StartAsync(
            new SmallDeclaration(service.Address) { Protocol = "http2", MoreOfUpstream = ", health: { path: /healthz, interval: 1s, expect: 302 }" });
        await Eventually.HoldsAsync(() => Task.FromResult(service.Requests.Count >= 3), Cancel);

        Assert.All(service.Requests, r => Assert.Equal(("GET", "/healthz", "HTTP/2"), (r.Method, r.Target, r.Protocol)));
        Assert.Equal(HttpStatusCode.OK, (await gateway.Client("edge").GetAsync("/things/1", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_reload_keeps_what_is_known_and_one_that_leaves_the_checks_out_forgets_it()
    {
        await using var one = await FakeUpstream.StartAsync();
        one.On("/healthz", 500);
        await using var other = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(Checked(one.Address, other.Address));
        await gateway.ToldAsync(" is down: ", Cancel);

        await gateway.ReloadAsync(Checked(one.Address, other.Address).Replace("get-thing", "get-something", StringComparison.Ordinal), Cancel);
        var client = gateway.Client("edge");
        for (var i = 0; i < 10; i++) await client.GetAsync("/things/1", Cancel);
        Assert.DoesNotContain(one.Requests, r => r.Target == "/things/1");

        await gateway.ReloadAsync(new SmallDeclaration(one.Address), Cancel);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/things/1", Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("", "50%")] // it is the only one that is left
    [InlineData("both", "0%")]
    public async Task A_reload_ends_an_ejection_that_it_does_not_allow(string left, string most)
    {
        await using var sick = await FakeUpstream.StartAsync();
        await using var other = await FakeUpstream.StartAsync();
        sick.Otherwise(static http => AnswerAsync(http, 503));
        await using var gateway = await TestGateway.StartAsync(Ejecting("50%", sick.Address, other.Address));
        var client = gateway.Client("edge");
        await Eventually.HoldsAsync(
            async () =>
            {
                using var response = await client.GetAsync("/things/1", Cancel);
                return gateway.Events.Contains($"{Text(sick)} is left out", StringComparison.Ordinal);
            }, Cancel);
        var before = sick.Requests.Count;
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/things/1", Cancel)).StatusCode);
        Assert.Equal(before, sick.Requests.Count);

        sick.Otherwise(static http => AnswerAsync(http, 200));
        await gateway.ReloadAsync(left == "both" ? Ejecting(most, sick.Address, other.Address) : Ejecting(most, sick.Address), Cancel);

        for (var i = 0; i < 4; i++) Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/things/1", Cancel)).StatusCode);
        Assert.NotEqual(before, sick.Requests.Count);
        await gateway.ToldAsync($"{Text(sick)} is tried again", Cancel);
    }

    /// <summary>Who fails once is out for an hour.</summary>
    private static string Ejecting(string most, params Uri[] destinations) => new SmallDeclaration(destinations[0])
    {
        MoreOfUpstream = $", balance: round-robin, slowReturn: 0s, ejection: {{ after: 1, for: 1h, upTo: 1h, most: {most} }}",
    }.ToString().Replace(
        $"[\"{destinations[0].GetLeftPart(UriPartial.Authority)}\"]",
        $"[{string.Join(", ", destinations.Select(d => $"\"{d.GetLeftPart(UriPartial.Authority)}\""))}]",
        StringComparison.Ordinal);

    private static string Checked(Uri one, Uri other) => new SmallDeclaration(one)
    {
        MoreOfUpstream = ", health: { path: /healthz, interval: 2s, unhealthy: 2 }, slowReturn: 0s",
    }.ToString().Replace("\"],", $"\", \"{other.GetLeftPart(UriPartial.Authority)}\"],", StringComparison.Ordinal);

    private static string Text(FakeUpstream upstream) => upstream.Address.GetLeftPart(UriPartial.Authority);

    private static Task AnswerAsync(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    }
}
