using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;
using static Gatehouse.TestKit.FrameService;
using static Gatehouse.TestKit.Http2Frame;

namespace Gatehouse.FunctionalTests.Forwarding;

/// <summary>Destinations that fail, one of them or all, over real sockets and with a clock that the test moves.</summary>
public sealed class SickDestinationTests
{
    private static readonly EjectionRule Strict = new(3, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5), Share.Percent(50));
    private readonly FakeTimeProvider _clock = new();

    [Control("RES-5")]
    [Fact]
    public async Task One_that_answers_503_is_left_out_and_tried_again_later()
    {
        await using var well = await FakeUpstream.StartAsync();
        await using var sick = await FakeUpstream.StartAsync();
        sick.Otherwise(static http => AnswerAsync(http, 503));
        await using var host = await ForwardingHost.StartAsync(
            ForwardingHost.UpstreamOf(well.Address, sick.Address) with { Ejection = Strict, SlowReturn = TimeSpan.Zero }, _clock);

        var statuses = new List<int>();
        for (var i = 0; i < 20; i++) statuses.Add((await host.GetAsync("/")).Status);
        Assert.Equal(3, statuses.Count(s => s == 503));
        Assert.Equal(3, sick.Requests.Count);

        sick.Otherwise(static http => AnswerAsync(http, 200));
        _clock.Advance(TimeSpan.FromSeconds(12));
        for (var i = 0; i < 4; i++) Assert.Equal(200, (await host.GetAsync("/")).Status);
        Assert.Equal(5, sick.Requests.Count);
    }

    [Control("RES-5")]
    [Fact]
    public async Task One_that_is_gone_costs_no_call_and_soon_no_attempt()
    {
        await using var well = await FakeUpstream.StartAsync();
        var gone = RawUpstream.Refusing();
        await using var host = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(gone, well.Address) with { Ejection = Strict }, _clock);

        for (var i = 0; i < 20; i++) Assert.Equal(200, (await host.GetAsync("/")).Status);

        Assert.False(host.IsUsable(gone));
        Assert.True(host.IsUsable(well.Address));
    }

    [Control("RES-5")]
    [Control("AVL-3", "one backend after the other")]
    [Fact]
    public async Task One_that_was_left_out_is_tried_when_none_of_the_others_is_there()
    {
        await using var back = await FakeUpstream.StartAsync();
        var gone = await FakeUpstream.StartAsync();
        back.Otherwise(static http => AnswerAsync(http, 503));
        await using var host = await ForwardingHost.StartAsync(
            ForwardingHost.UpstreamOf(back.Address, gone.Address) with { Ejection = Strict, SlowReturn = TimeSpan.Zero }, _clock);
        for (var i = 0; i < 20; i++) await host.GetAsync("/");
        Assert.False(host.IsUsable(back.Address));
        var before = back.Requests.Count;

        back.Otherwise(static http => AnswerAsync(http, 200)); // it is well again, and nobody knows yet
        await gone.DisposeAsync();
        for (var i = 0; i < 20; i++) Assert.Equal(200, (await host.GetAsync("/")).Status);
        Assert.Equal(before + 20, back.Requests.Count);
        Assert.False(host.IsUsable(back.Address)); // others are still asked first
    }

    [Control("RES-5")]
    [Fact]
    public async Task One_that_is_silent_is_left_out()
    {
        await using var well = await FakeUpstream.StartAsync();
        await using var silent = RawUpstream.Silent();
        await using var host = await ForwardingHost.StartAsync(
            ForwardingHost.UpstreamOf(silent.Address, well.Address) with { Ejection = Strict with { After = 1 } }, _clock);

        var answering = host.GetAsync("/");
        await silent.NextHeadAsync(TestContext.Current.CancellationToken);
        _clock.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(504, (await answering).Status);
        Assert.False(host.IsUsable(silent.Address));
        for (var i = 0; i < 5; i++) Assert.Equal(200, (await host.GetAsync("/")).Status);
        Assert.Equal(1, silent.Connections);
    }

    [Control("RES-5")]
    [Fact]
    public async Task One_that_sends_a_body_where_none_may_be_is_left_out()
    {
        await using var well = await FakeUpstream.StartAsync();
        await using var sick = RawUpstream.Answering("HTTP/1.1 205 Reset Content\r\nConnection: close\r\n\r\nhello");
        await using var host = await ForwardingHost.StartAsync(
            ForwardingHost.UpstreamOf(sick.Address, well.Address) with { Ejection = Strict with { After = 1 } }, _clock);

        var statuses = new List<int>();
        for (var i = 0; i < 4; i++) statuses.Add((await host.GetAsync("/")).Status);

        Assert.Equal([200, 200, 200, 502], statuses.Order());
        Assert.False(host.IsUsable(sick.Address));
    }

    [Theory]
    [InlineData("HTTP/1.1 600 Beyond\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX-A: a\u001b[31m\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")]
    public async Task One_whose_answer_is_none_is_left_out(string answer)
    {
        await using var well = await FakeUpstream.StartAsync();
        await using var sick = RawUpstream.Answering(answer);
        await using var host = await ForwardingHost.StartAsync(
            ForwardingHost.UpstreamOf(sick.Address, well.Address) with { Ejection = Strict with { After = 1 } }, _clock);

        Assert.Equal(502, (await host.GetAsync("/")).Status);

        Assert.False(host.IsUsable(sick.Address));
        for (var i = 0; i < 4; i++) Assert.Equal(200, (await host.GetAsync("/")).Status);
    }

    [Theory]
    [InlineData(5, 0)]
    [InlineData(3, 5)]
    public async Task One_whose_answers_are_not_as_long_as_they_say_is_left_out(int says, int sends)
    {
        await using var well = await FakeUpstream.StartAsync(HttpProtocols.Http2);
        await using var sick = RawUpstream.Start(async connection =>
        {
            var service = new FrameService(connection);
            if (!await service.ReadPrefaceAsync()) return;
            await service.SendAsync(Frame(Settings, 0, 0));
            while (await service.NextRequestAsync() is { } stream)
                await service.SendAsync(Head(stream, 0, ("content-length", $"{says}")), Frame(Data, EndStream, stream, new byte[sends]));
        });
        var upstream = ForwardingHost.UpstreamOf(sick.Address, well.Address) with
        {
            Protocol = UpstreamProtocol.Http2,
            Ejection = Strict with { After = 1 },
        };
        await using var host = await ForwardingHost.StartAsync(upstream, _clock);

        Assert.Equal(502, (await host.GetAsync("/")).Status);

        Assert.False(host.IsUsable(sick.Address));
        for (var i = 0; i < 4; i++) Assert.Equal(200, (await host.GetAsync("/")).Status);
    }

    [Control("RES-5")]
    [Fact]
    public async Task When_all_are_out_every_call_is_refused_at_once_and_told_when_to_come_again()
    {
        await using var one = await FakeUpstream.StartAsync();
        await using var other = await FakeUpstream.StartAsync();
        one.Otherwise(static http => AnswerAsync(http, 502));
        other.Otherwise(static http => AnswerAsync(http, 504));
        await using var host = await ForwardingHost.StartAsync(
            ForwardingHost.UpstreamOf(one.Address, other.Address) with { Ejection = Strict with { Most = Share.Percent(100) } }, _clock);
        for (var i = 0; i < 6; i++) await host.GetAsync("/");

        for (var i = 0; i < 5; i++) await AssertRefusedAsync(host, Problems.UpstreamUnavailable, 9, 11);
        Assert.Equal(6, one.Requests.Count + other.Requests.Count);
    }

    [Control("RES-5")]
    [Fact]
    public async Task The_only_destination_is_never_left_out_for_failing()
    {
        await using var only = await FakeUpstream.StartAsync();
        only.Otherwise(static http => AnswerAsync(http, 503));
        await using var host = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(only.Address), _clock);

        for (var i = 0; i < 20; i++) await host.GetAsync("/");

        Assert.Equal(20, only.Requests.Count);
    }

    [Control("RES-2")]
    [Fact]
    public async Task An_upstream_that_fails_is_left_alone_and_let_back_when_a_few_calls_go_well()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(static http => AnswerAsync(http, 503));
        var rule = new BreakerRule(Share.Percent(50), 4, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5), 2, null);
        await using var host = await ForwardingHost.StartAsync(ForwardingHost.UpstreamOf(upstream.Address) with { Breaker = rule }, _clock);

        for (var i = 0; i < 4; i++) Assert.Equal(503, (await host.GetAsync("/")).Status);
        for (var i = 0; i < 4; i++) await host.EndedAsync(TestContext.Current.CancellationToken);
        for (var i = 0; i < 10; i++) await AssertRefusedAsync(host, Problems.CircuitOpen, 5, 6, drain: false);
        Assert.Equal(4, upstream.Requests.Count); // nothing has reached it since

        _clock.Advance(TimeSpan.FromSeconds(6));
        await host.GetAsync("/"); // a probe, which fails
        await host.EndedAsync(TestContext.Current.CancellationToken);
        await AssertRefusedAsync(host, Problems.CircuitOpen, 5, 6, drain: false);

        upstream.Otherwise(static http => AnswerAsync(http, 200));
        _clock.Advance(TimeSpan.FromSeconds(6));
        for (var i = 0; i < 20; i++) Assert.Equal(200, (await host.GetAsync("/")).Status);
        Assert.Equal(25, upstream.Requests.Count);
    }

    [Control("RES-4")]
    [Fact]
    public async Task An_upstream_has_no_more_calls_at_once_than_it_may()
    {
        var answer = new TaskCompletionSource();
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(_ => answer.Task);
        await using var host = await ForwardingHost.StartAsync(
            ForwardingHost.UpstreamOf(upstream.Address) with { AtOnce = new BulkheadRule(3, 0, TimeSpan.Zero) }, _clock);

        var waiting = Enumerable.Range(0, 3).Select(_ => host.GetAsync("/")).ToList();
        for (var i = 0; i < 3; i++) await upstream.NextAsync(TestContext.Current.CancellationToken);
        for (var i = 0; i < 5; i++) await AssertRefusedAsync(host, Problems.UpstreamBusy, 1, 1);

        answer.SetResult();
        foreach (var response in await Task.WhenAll(waiting)) Assert.Equal(200, response.Status);
        Assert.Equal(200, (await host.GetAsync("/")).Status);
        Assert.Equal(4, upstream.Requests.Count);
    }

    [Fact]
    public async Task Some_may_wait_for_their_turn_as_long_as_declared()
    {
        var answers = new SemaphoreSlim(0);
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Otherwise(http => answers.WaitAsync(http.RequestAborted));
        await using var host = await ForwardingHost.StartAsync(
            ForwardingHost.UpstreamOf(upstream.Address) with { AtOnce = new BulkheadRule(1, 1, TimeSpan.FromSeconds(2)) }, _clock);

        var first = host.GetAsync("/");
        await upstream.NextAsync(TestContext.Current.CancellationToken);
        var (second, third) = (host.GetAsync("/"), host.GetAsync("/"));
        Assert.Equal(503, (await await Task.WhenAny(second, third)).Status); // one of them found the queue full
        var inQueue = second.IsCompleted ? third : second;
        answers.Release(2);
        Assert.Equal(200, (await first).Status);
        Assert.Equal(200, (await inQueue).Status);
    }

    private static Task AnswerAsync(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    /// <param name="drain">Whether exchanges have ended that nobody has asked for.</param>
    private static async Task AssertRefusedAsync(ForwardingHost host, Problem problem, int least, int most, bool drain = true)
    {
        var response = await host.GetAsync("/");
        Assert.Equal(problem.Status, response.Status);
        Assert.Contains(problem.Type, response.Text, StringComparison.Ordinal);
        Assert.InRange(int.Parse(response.Header("Retry-After")!), least, most);
        var exchange = await host.EndedAsync(TestContext.Current.CancellationToken);
        while (drain && exchange.Problem != problem) exchange = await host.EndedAsync(TestContext.Current.CancellationToken);
        Assert.Equal(problem, exchange.Problem);
        Assert.Equal("forward", exchange.DecidedBy);
        Assert.Null(exchange.Forward.Destination);
    }
}
