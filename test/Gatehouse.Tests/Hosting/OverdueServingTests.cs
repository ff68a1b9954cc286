using System.Net;
using Gatehouse.Hosting;
using Gatehouse.Pipeline;
using Gatehouse.TestKit;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Hosting;

/// <summary>
/// A server that does not come back from a closed connection. Whether Kestrel does is a matter of threads, so that a delegate stands for it here;
/// FrameFloodTests met it in one run of some ten, on busy processors.
/// </summary>
public sealed class OverdueServingTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly AcceptedConnection _accepted = new(new PeerAddress(IPAddress.Loopback));
    private readonly TaskCompletionSource _serving = new();
    private readonly CancellationTokenSource _closed = new();
    private readonly DefaultConnectionContext _connection = new();

    public OverdueServingTests() => _connection.ConnectionClosed = _closed.Token;

    public void Dispose()
    {
        _closed.Dispose();
        _connection.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("LIM-8", "a connection that its server never ends")]
    public async Task A_closed_connection_over_which_nothing_is_under_way_is_left_behind()
    {
        _accepted.Enter();
        var serving = Serve();
        Look(20);
        Assert.False(serving.IsCompleted); // it is open

        await _closed.CancelAsync();
        await PassAsync(() => Look(3 * OverdueServing.Looks), serving, isOver: false); // an exchange is under way

        _accepted.Leave();
        await PassAsync(() => Look(1), serving, isOver: true);
        await serving;
    }

    [Fact]
    public async Task One_that_ends_by_itself_is_waited_for()
    {
        var serving = Serve();
        await _closed.CancelAsync();
        Look(OverdueServing.Looks - 2);
        Assert.False(serving.IsCompleted);
        _serving.SetException(new IOException("as it was thrown"));
        Assert.Equal("as it was thrown", (await Assert.ThrowsAsync<IOException>(() => serving.WaitAsync(Patience.Limit, Cancel))).Message);
    }

    private Task Serve() => OverdueServing.ServeAsync(_connection, _accepted, _ => _serving.Task, _clock);

    private void Look(int times)
    {
        for (var i = 0; i < times; i++) _clock.Advance(OverdueServing.BetweenLooks);
    }

    /// <summary>Has time pass until it is over; or long enough for that, where it must not be.</summary>
    private static async Task PassAsync(Action look, Task serving, bool isOver)
    {
        var passed = 0;
        await Eventually.HoldsAsync(
            () =>
            {
                look();
                return Task.FromResult(isOver ? serving.IsCompleted : ++passed > 20);
            },
            Cancel);
        Assert.Equal(isOver, serving.IsCompleted);
    }
}
