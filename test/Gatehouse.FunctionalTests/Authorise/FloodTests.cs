using Gatehouse.Services;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Authorise;

/// <summary>More questions than a service can answer.</summary>
public sealed class FloodTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("AZN-1")]
    public async Task A_flood_at_the_gateway_is_none_at_the_service()
    {
        var open = new TaskCompletionSource();
        await using var service = await FakeUpstream.StartAsync();
        service.Otherwise(async http =>
        {
            await open.Task;
            http.Response.ContentType = "application/json";
        });
        using var client = new ServiceClient(new ServiceEndpoint(service.Address, null, TimeSpan.FromMinutes(1)), TimeProvider.System);
        var questions = Enumerable.Range(0, ServiceClient.MostAtOnce + ServiceClient.MostWaiting).Select(_ => AskAsync(client)).ToList();
        Assert.Equal("too many questions at once", (await AskAsync(client)).Failure);
        await Eventually.HoldsAsync(() => Task.FromResult(service.Requests.Count == ServiceClient.MostAtOnce), Cancel);
        Assert.Equal(ServiceClient.MostAtOnce, service.Connections);
        open.SetResult();
        Assert.All(await Task.WhenAll(questions), a => Assert.Null(a.Failure));
        Assert.Null((await AskAsync(client)).Failure);
        Assert.InRange(service.Connections, 1, ServiceClient.MostAtOnce);
    }

    [Fact]
    public async Task A_client_that_leaves_takes_its_question_along()
    {
        await using var service = await FakeUpstream.StartAsync();
        service.Otherwise(http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        using var client = new ServiceClient(new ServiceEndpoint(service.Address, null, TimeSpan.FromMinutes(1)), TimeProvider.System);
        using var gone = new CancellationTokenSource();
        var asking = client.PostAsync("{}"u8.ToArray(), "application/json", null, null, gone.Token);
        await service.NextAsync(Cancel);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    private static Task<ServiceAnswer> AskAsync(ServiceClient client) =>
        client.PostAsync("{}"u8.ToArray(), "application/json", null, null, Cancel);
}
