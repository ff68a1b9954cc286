using System.Net;
using System.Net.Http;
using System.Threading.Channels;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Gatehouse.Upstreams;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Upstreams;

public sealed class HealthCheckTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly GatehouseMeter _meter = new();
    private readonly Questions _questions = new();
    private readonly HealthChecks _checks;

    public HealthCheckTests() => _checks = new HealthChecks(_clock, new Random(1));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static HealthRule Rule { get; } = new("/healthz?x=1", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2), new Statuses(200, 299), 2, 3);

    public async ValueTask DisposeAsync()
    {
        await _checks.DisposeAsync();
        _questions.Dispose();
        _meter.Dispose();
    }

    [Control("RES-5")]
    [Fact]
    public async Task Takes_a_destination_out_after_so_many_bad_answers_and_brings_it_back_after_so_many_good_ones()
    {
        var server = Servers.Of(0)[0];
        _checks.Follow([Plan(server)]);
        await AnswerAsync(HttpStatusCode.OK);
        foreach (var status in (int[])[500, 404, 200, 302, 500]) await AnswerNextAsync((HttpStatusCode)status);
        Assert.True(server.IsUsable); // never three in a row
        await AnswerNextAsync(HttpStatusCode.ServiceUnavailable);
        await Eventually.HoldsAsync(() => Task.FromResult(server.IsDown), Cancel);

        await AnswerNextAsync(HttpStatusCode.OK);
        await AnswerNextAsync(HttpStatusCode.InternalServerError);
        await AnswerNextAsync(HttpStatusCode.OK);
        Assert.True(server.IsDown);
        await AnswerNextAsync(HttpStatusCode.NoContent);
        await Eventually.HoldsAsync(() => Task.FromResult(server.IsUsable), Cancel);

        Assert.Equal(1, _meter.UpstreamChanges("orders", "down").Value);
        await Eventually.HoldsAsync(() => Task.FromResult(_meter.UpstreamChanges("orders", "up").Value == 1), Cancel); // told a moment later
        Assert.All(_questions.Asked, asked => Assert.Equal("http://10.0.0.1/healthz?x=1", asked));
    }

    [Control("RES-5")]
    [Fact]
    public async Task The_first_answer_decides_by_itself()
    {
        var server = Servers.Of(0)[0];
        _checks.Follow([Plan(server)]);

        await AnswerAsync(HttpStatusCode.InternalServerError);

        await Eventually.HoldsAsync(() => Task.FromResult(server.IsDown), Cancel);
    }

    [Control("RES-5")]
    [Fact]
    public async Task No_answer_in_time_is_a_bad_one()
    {
        var server = Servers.Of(0)[0];
        _checks.Follow([Plan(server)]);
        await _questions.NextAsync(Cancel);

        _clock.Advance(TimeSpan.FromSeconds(2));

        await Eventually.HoldsAsync(() => Task.FromResult(server.IsDown), Cancel);
    }

    [Fact]
    public async Task A_reload_that_changes_nothing_leaves_the_check_alone_and_one_that_ends_it_lets_the_destination_be_used()
    {
        var server = Servers.Of(0)[0];
        _checks.Follow([Plan(server)]);
        await AnswerAsync(HttpStatusCode.InternalServerError);
        await Eventually.HoldsAsync(() => Task.FromResult(server.IsDown), Cancel);

        _checks.Follow([Plan(server)]);
        Assert.Equal(1, _checks.Count);
        Assert.Single(_questions.Asked); // it is not asked anew
        Assert.True(server.IsDown);

        _checks.Follow([Plan(server, Rule with { Unhealthy = 9 })]);
        await _questions.NextAsync(Cancel);
        Assert.True(server.IsDown); // until the other question is answered

        _checks.Follow([]);
        Assert.Equal(0, _checks.Count);
        Assert.True(server.IsUsable);
    }

    [Fact]
    public async Task An_answer_that_comes_when_nobody_asks_any_more_says_nothing()
    {
        var server = Servers.Of(0)[0];
        _checks.Follow([Plan(server)]);
        var question = await _questions.NextAsync(Cancel);
        _checks.Follow([]);

        question.TrySetResult(new HttpResponseMessage(HttpStatusCode.InternalServerError));
        await _checks.DisposeAsync();

        Assert.True(server.IsUsable);
    }

    private HealthPlan Plan(Destination server, HealthRule? rule = null) => new(
        $"{server.Text} {rule ?? Rule}", server, _questions.Connections, rule ?? Rule, null, HttpVersion.Version11,
        new UpstreamNews("orders", null, _meter));

    private async Task AnswerAsync(HttpStatusCode status) =>
        (await _questions.NextAsync(Cancel)).SetResult(new HttpResponseMessage(status) { Content = new StringContent("how it is") });

    /// <summary>The next question comes an interval after the last answer was read: the clock goes on until then.</summary>
    private async Task AnswerNextAsync(HttpStatusCode status)
    {
        var asked = _questions.Asked.Count;
        await Eventually.HoldsAsync(() =>
        {
            if (_questions.Asked.Count == asked) _clock.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(_questions.Asked.Count > asked);
        }, Cancel);
        await AnswerAsync(status);
    }

    /// <summary>Takes what is asked, and lets the test answer.</summary>
    private sealed class Questions : HttpMessageHandler
    {
        private readonly Channel<TaskCompletionSource<HttpResponseMessage>> _open =
            Channel.CreateUnbounded<TaskCompletionSource<HttpResponseMessage>>();

        private readonly List<string> _asked = [];

        public Questions() => Connections = new HttpMessageInvoker(this, disposeHandler: false);

        public HttpMessageInvoker Connections { get; }

        public IReadOnlyList<string> Asked
        {
            get
            {
                lock (_asked) return [.. _asked];
            }
        }

        public async Task<TaskCompletionSource<HttpResponseMessage>> NextAsync(CancellationToken cancel) =>
            await _open.Reader.ReadAsync(cancel).AsTask().WaitAsync(Patience.Limit, cancel);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var question = new TaskCompletionSource<HttpResponseMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_asked) _asked.Add(request.RequestUri!.OriginalString);
            _open.Writer.TryWrite(question);
            return await question.Task.WaitAsync(cancellationToken);
        }
    }
}
