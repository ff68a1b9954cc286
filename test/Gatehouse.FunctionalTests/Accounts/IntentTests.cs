using System.Net;
using System.Net.Http;
using System.Net.WebSockets;
using Gatehouse.Audit;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.FunctionalTests.Accounts;

/// <summary>What changes something is written down before it is done, and how it ended after.</summary>
public sealed class IntentTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_backend_that_hears_of_a_change_finds_it_in_the_trail_already()
    {
        await using var accounted = await Accounted.StartAsync();
        var there = new List<AuditRecord>();
        accounted.Upstream.Otherwise(http =>
        {
            var id = http.Request.Headers["X-Request-Id"].ToString();
            lock (there) there.AddRange(accounted.Records().Where(r => Trails.IsOf(r, id)));
            return Task.CompletedTask;
        });

        var (status, id) = await accounted.WriteAsync();

        Assert.Equal(HttpStatusCode.OK, status);
        var intent = Assert.Single(there);
        Assert.Equal(AuditKind.Intent, intent.Kind);
        Assert.Equal(AuditDecision.Allowed, intent.Decision);
        Assert.Equal(id, intent.RequestId);
        Assert.Equal(("machine", "service", "token"), (intent.Consumer, intent.ConsumerKind, intent.CredentialKind));
        Assert.Equal(("orders/put-order", "PUT", "/orders/{orderId}"), (intent.Route, intent.Method, intent.Path));
        Assert.Equal(1, intent.Revision);

        var outcome = (await accounted.OfAsync(id, 2))[1];
        Assert.Equal((AuditKind.Outcome, AuditOutcome.Done, 200), (outcome.Kind, outcome.Outcome, outcome.Status));
        Assert.Equal(id, outcome.Intent);
    }

    [Theory]
    [InlineData(500, "failed-after")]
    [InlineData(409, "done")] // the service has answered: that it says no is its answer
    public async Task The_outcome_is_what_the_service_answered(int answer, string outcome)
    {
        await using var accounted = await Accounted.StartAsync();
        accounted.Upstream.On("/orders/17", answer);
        var (status, id) = await accounted.WriteAsync();
        Assert.Equal(answer, (int)status);
        AssertEnds(await accounted.OfAsync(id, 2), AuditKind.Outcome, AuditWords.Outcome(outcome));
    }

    [Fact]
    public async Task What_reached_nobody_has_failed_before()
    {
        await using var accounted = await Accounted.StartAsync(text => text.Replace("{{upstream}}", "http://127.0.0.1:1", StringComparison.Ordinal));
        var (status, id) = await accounted.WriteAsync();
        Assert.Equal(HttpStatusCode.BadGateway, status);
        var records = await accounted.OfAsync(id, 2);
        AssertEnds(records, AuditKind.Outcome, AuditOutcome.FailedBefore);
        Assert.Equal("upstream-failed", records[1].Problem);
    }

    [Fact]
    public async Task A_change_without_an_answer_is_unknown_and_told()
    {
        await using var accounted = await Accounted.StartAsync();
        accounted.Upstream.On("/orders/17", http =>
        {
            http.Abort();
            return Task.CompletedTask;
        });
        var (status, id) = await accounted.WriteAsync();
        Assert.Equal(HttpStatusCode.BadGateway, status);
        AssertEnds(await accounted.OfAsync(id, 2), AuditKind.Unknown, AuditOutcome.Unknown);
        var told = $"exchange {id} of route orders/put-order was sent and has no answer"; // after the record
        await accounted.Gateway.ToldAsync(told, Cancel);
        using var reader = SqliteAuditReader.Open(accounted.Store);
        Assert.Equal(id, Assert.Single(reader.Unknown()).RequestId);
    }

    [Fact]
    public async Task At_its_deadline_a_change_without_an_answer_is_unknown()
    {
        await using var accounted = await Accounted.StartAsync(text => text.Replace("deadline: 30s", "deadline: 3s", StringComparison.Ordinal));
        accounted.Upstream.On("/orders/17", static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        var (status, id) = await accounted.WriteAsync();
        Assert.Equal(HttpStatusCode.GatewayTimeout, status);
        AssertEnds(await accounted.OfAsync(id, 2), AuditKind.Unknown, AuditOutcome.Unknown);
    }

    [Fact]
    public async Task A_client_that_leaves_does_not_take_the_outcome_with_it()
    {
        await using var accounted = await Accounted.StartAsync();
        accounted.Upstream.On("/orders/17", static http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        using var leave = new CancellationTokenSource();
        using var request = Accounted.Request(HttpMethod.Put, "/orders/17", accounted.Machine(), "more tea");
        var call = accounted.Client.SendAsync(request, leave.Token);
        var received = await accounted.Upstream.NextAsync(Cancel);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        AssertEnds(await accounted.OfAsync(received.Header("X-Request-Id")!, 2), AuditKind.Unknown, AuditOutcome.Unknown);
    }

    [Fact]
    public async Task A_conversation_has_one_intent_and_one_outcome()
    {
        await using var accounted = await Accounted.StartAsync();
        accounted.Upstream.On("/talk", static async http =>
        {
            using var socket = await http.WebSockets.AcceptWebSocketAsync();
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, http.RequestAborted);
        });
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer " + accounted.Machine());
        await socket.ConnectAsync(new Uri($"ws://localhost:{accounted.Gateway.AddressOf("edge").Port}/talk"), Cancel);
        await socket.ReceiveAsync(new byte[100], Cancel);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
        var id = (await accounted.Upstream.NextAsync(Cancel)).Header("X-Request-Id")!;
        AssertEnds(await accounted.OfAsync(id, 2), AuditKind.Outcome, AuditOutcome.Done);
    }

    [Fact]
    public async Task A_change_that_is_sent_again_has_one_intent_and_one_outcome()
    {
        await using var accounted = await Accounted.StartAsync(text => text.Replace(
            "idle: 30s } }", "idle: 30s }, retries: { attempts: 3, backoff: 1ms } }", StringComparison.Ordinal));
        var calls = 0;
        accounted.Upstream.On("/orders/17", http =>
        {
            http.Response.StatusCode = Interlocked.Increment(ref calls) < 3 ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
            return Task.CompletedTask;
        });
        var (status, id) = await accounted.WriteAsync();
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(3, calls);
        AssertEnds(await accounted.OfAsync(id, 2), AuditKind.Outcome, AuditOutcome.Done);
    }

    [Fact]
    public async Task Over_http2_it_is_the_same()
    {
        await using var accounted = await Accounted.StartAsync(
            text => text.Replace("serves: [public] }", "serves: [public], protocols: [http2] }", StringComparison.Ordinal));
        using var request = Accounted.Request(HttpMethod.Put, "/orders/17", accounted.Machine(), "more tea");
        (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        using var response = await accounted.Client.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        AssertEnds(await accounted.OfAsync(response.Headers.GetValues("X-Request-Id").Single(), 2), AuditKind.Outcome, AuditOutcome.Done);
    }

    [Fact]
    public async Task A_read_that_is_asked_for_twice_and_copied_is_one_record()
    {
        await using var copies = await FakeUpstream.StartAsync();
        await using var second = await FakeUpstream.StartAsync();
        var (one, other) = (copies.Address.GetLeftPart(UriPartial.Authority), second.Address.GetLeftPart(UriPartial.Authority));
        await using var accounted = await Accounted.StartAsync(text => text
            .Replace("get-price: {", "get-price: { hedge: { after: 50ms }, mirror: { upstream: copies, share: 100% },", StringComparison.Ordinal)
            .Replace("upstreams:\n", $"upstreams:\n  copies: {{ destinations: [\"{one}\"] }}\n", StringComparison.Ordinal)
            .Replace("[\"{{upstream}}\"]", "[\"{{upstream}}\", \"" + other + "\"], retries: { backoff: 1ms }", StringComparison.Ordinal));
        var calls = 0;
        foreach (var upstream in new[] { accounted.Upstream, second })
            upstream.On("/prices/tea", async http =>
            {
                if (Interlocked.Increment(ref calls) == 1) await Task.Delay(Timeout.Infinite, http.RequestAborted); // whoever is asked first
            });
        var (status, id) = await accounted.CallAsync(HttpMethod.Get, "/prices/tea", null);
        Assert.Equal(HttpStatusCode.OK, status);
        await copies.NextAsync(Cancel);
        await accounted.WriteAsync();
        Assert.Equal(AuditOutcome.Done, Assert.Single(await accounted.OfAsync(id)).Outcome);
    }

    [Fact]
    public async Task A_refused_change_is_one_record()
    {
        await using var accounted = await Accounted.StartAsync();
        var (status, id) = await accounted.CallAsync(HttpMethod.Put, "/orders/17", accounted.Machine("orders.read"), "more tea");
        Assert.Equal(HttpStatusCode.Forbidden, status);
        await accounted.WriteAsync();
        var refusal = Assert.Single(await accounted.OfAsync(id));
        Assert.Equal((AuditKind.Refusal, AuditOutcome.Refused, "insufficient-scope"), (refusal.Kind, refusal.Outcome, refusal.Problem));
        Assert.Single(accounted.Upstream.Requests);
    }

    [Fact]
    public async Task A_reload_in_the_middle_loses_no_outcome()
    {
        await using var accounted = await Accounted.StartAsync();
        var go = new TaskCompletionSource();
        accounted.Upstream.On("/orders/17", async _ => await go.Task);
        var call = accounted.WriteAsync();
        await accounted.Upstream.NextAsync(Cancel);
        for (var i = 0; i < 3; i++)
            await accounted.Gateway.ReloadAsync(accounted.Declaration.Replace("Orders for tests", $"Orders {i}", StringComparison.Ordinal), Cancel);
        go.SetResult();
        var (_, id) = await call;
        var records = await accounted.OfAsync(id, 2);
        AssertEnds(records, AuditKind.Outcome, AuditOutcome.Done);
        Assert.All(records, r => Assert.Equal(1, r.Revision)); // it belongs to the declaration that it began with
        var activations = await accounted.WaitAsync(r => r.Kind == AuditKind.Activation, 4);
        Assert.Equal([1L, 2, 3, 4], activations.Select(a => a.Revision));
    }

    private static void AssertEnds(IReadOnlyList<AuditRecord> records, AuditKind kind, AuditOutcome outcome)
    {
        Assert.Equal([AuditKind.Intent, kind], records.Select(r => r.Kind));
        Assert.Equal(outcome, records[1].Outcome);
        Assert.All(records, r => Assert.Equal(AuditDecision.Allowed, r.Decision)); // however it ended, it was let through
    }
}
