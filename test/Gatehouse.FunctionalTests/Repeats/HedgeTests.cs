using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Repeats;

/// <summary>Reads for which a second destination is asked while the first is silent.</summary>
public sealed class HedgeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Passes_on_what_comes_first_and_cuts_off_the_other()
    {
        await using var slow = await FakeUpstream.StartAsync();
        slow.Otherwise(static http => LeftAsync(http.RequestAborted));
        await using var quick = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(Hedged(slow, quick));

        Assert.Equal("ok", await gateway.Client("edge").GetStringAsync("/read?a=b", Cancel));

        var (first, second) = (await slow.NextAsync(Cancel), await quick.NextAsync(Cancel));
        Assert.Equal((first.Target, first.Header("X-Request-Id")), (second.Target, second.Header("X-Request-Id")));
        Assert.Equal($"127.0.0.1:{quick.Port}", second.Header("Host"));
        await LeftAsync(first.Aborted);
        var line = await gateway.AccessLog.WaitForAsync(_ => true, Cancel);
        Assert.Equal(2, (int)line["attempts"]!);
        Assert.Equal($"http://127.0.0.1:{quick.Port}", (string?)line["destination"]);
        Assert.Equal(1, await Counted.OfAsync(gateway, "gatehouse_retries_total", "things", "hedge", Cancel));
    }

    [Fact]
    public async Task Passes_on_the_first_destinations_answer_when_that_comes_first_after_all()
    {
        await using var slow = await FakeUpstream.StartAsync();
        await using var slower = await FakeUpstream.StartAsync();
        var asked = new TaskCompletionSource();
        slow.Otherwise(async http =>
        {
            await asked.Task;
            await http.Response.WriteAsync("the first");
        });
        slower.Otherwise(async http =>
        {
            asked.SetResult();
            await LeftAsync(http.RequestAborted);
        });
        await using var gateway = await TestGateway.StartAsync(Hedged(slow, slower));

        Assert.Equal("the first", await gateway.Client("edge").GetStringAsync("/read", Cancel));

        await LeftAsync((await slower.NextAsync(Cancel)).Aborted);
    }

    [Fact]
    public async Task Asks_nobody_else_while_answers_come_in_time()
    {
        await using var one = await FakeUpstream.StartAsync();
        await using var two = await FakeUpstream.StartAsync();
        await using var gateway = await TestGateway.StartAsync(Hedged(one, two, "10s"));
        var client = gateway.Client("edge");

        for (var i = 0; i < 4; i++) await client.GetStringAsync("/read", Cancel);

        Assert.Equal(4, one.Requests.Count + two.Requests.Count);
        Assert.All(await gateway.AccessLog.RecordsAsync(4, Cancel), r => Assert.Null(r["attempts"]));
    }

    [Fact]
    public async Task Waits_for_the_first_when_the_second_says_that_it_cannot()
    {
        await using var slow = await FakeUpstream.StartAsync();
        await using var failing = await FakeUpstream.StartAsync();
        var asked = new TaskCompletionSource();
        slow.Otherwise(async http =>
        {
            await asked.Task;
            await http.Response.WriteAsync("the first");
        });
        failing.Otherwise(http =>
        {
            http.Response.StatusCode = 503;
            http.Response.OnCompleted(() =>
            {
                asked.SetResult();
                return Task.CompletedTask;
            });
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync(Hedged(slow, failing));

        Assert.Equal("the first", await gateway.Client("edge").GetStringAsync("/read", Cancel));
    }

    [Fact]
    public async Task Cuts_off_both_when_the_client_leaves()
    {
        await using var one = await FakeUpstream.StartAsync();
        await using var two = await FakeUpstream.StartAsync();
        one.Otherwise(static http => LeftAsync(http.RequestAborted));
        two.Otherwise(static http => LeftAsync(http.RequestAborted));
        await using var gateway = await TestGateway.StartAsync(Hedged(one, two));
        await using var client = await RawHttpClient.ConnectAsync(gateway.AddressOf("edge").Port);

        await client.SendAsync("GET /read HTTP/1.1\r\nHost: localhost\r\n\r\n");
        var (first, second) = (await one.NextAsync(Cancel), await two.NextAsync(Cancel));
        client.Reset();

        await LeftAsync(first.Aborted);
        await LeftAsync(second.Aborted);
        Assert.Equal(499, (int)(await gateway.AccessLog.WaitForAsync(_ => true, Cancel))["status"]!);
    }

    [Control("RES-3", "hedges take of the same budget")]
    [Fact]
    public async Task Takes_of_the_budget_of_retries()
    {
        const int calls = 60;
        await using var slow = await FakeUpstream.StartAsync();
        await using var other = await FakeUpstream.StartAsync();
        foreach (var upstream in (FakeUpstream[])[slow, other])
            upstream.Otherwise(static async http =>
            {
                using var wait = new PeriodicTimer(TimeSpan.FromMilliseconds(40));
                await wait.WaitForNextTickAsync(http.RequestAborted);
            });
        await using var gateway = await TestGateway.StartAsync(Hedged(slow, other));
        var client = gateway.Client("edge");
        var began = TimeProvider.System.GetTimestamp();

        for (var i = 0; i < calls; i++) (await client.GetAsync(new Uri("/read", UriKind.Relative), Cancel)).Dispose();

        var windows = 1 + (int)Math.Ceiling(TimeProvider.System.GetElapsedTime(began).TotalSeconds / 9);
        var sent = slow.Requests.Count + other.Requests.Count;
        Assert.InRange(sent, calls + 1, calls + (calls / 10) + (windows * Gatehouse.Upstreams.RetryBudget.Always));
    }

    private static SentTwice Hedged(FakeUpstream first, FakeUpstream second, string after = "20ms") =>
        new(first.Address, second.Address) { Read = $"hedge: {{ after: {after} }}" };

    private static async Task LeftAsync(CancellationToken aborted)
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = aborted.Register(left.SetResult);
        await left.Task.WaitAsync(Patience.Limit, Cancel);
    }
}
