using System.Net;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Tokens;

/// <summary>Calls with a token, one after the other until it is disposed of. Every one of them has to be answered with 200.</summary>
internal sealed class SteadyCalls : IAsyncDisposable
{
    private readonly HttpClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Task _calls;
    private volatile string _token;
    private int _made;

    public SteadyCalls(HttpClient client, string token)
    {
        (_client, _token) = (client, token);
        _calls = Task.Run(CallAsync);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>What the next call is made with.</summary>
    public string Token
    {
        set => _token = value;
    }

    /// <summary>Waits until some have been made from now on.</summary>
    public async Task AreMadeAsync()
    {
        var before = Volatile.Read(ref _made);
        await Eventually.HoldsAsync(() => Task.FromResult(_calls.IsCompleted || Volatile.Read(ref _made) > before + 5), Cancel);
        if (_calls.IsCompleted) await _calls; // says which was refused
    }

    /// <summary>Does something while no call is under way: a clock that jumps would be the end of it.</summary>
    public async Task BetweenAsync(Action act)
    {
        await _turn.WaitAsync(Cancel);
        act();
        _turn.Release();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _calls;
        _stop.Dispose();
        _turn.Dispose();
    }

    private async Task CallAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await _turn.WaitAsync(Cancel);
            using var request = new HttpRequestMessage(HttpMethod.Get, "/orders/1");
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + _token);
            using var response = await _client.SendAsync(request, Cancel);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Interlocked.Increment(ref _made);
            _turn.Release();
        }
    }
}
