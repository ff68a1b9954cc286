using Gatehouse.TestKit;
using Gatehouse.Upstreams;

namespace Gatehouse.Tests.Upstreams;

/// <summary>Two services of one upstream, for an exchange and its hedge.</summary>
public abstract class HedgedPairTests : IAsyncLifetime
{
    private protected PolicyHarness Harness { get; } = new();

    /// <summary>What a service may wait for before it answers; it is over with the test.</summary>
    private protected TaskCompletionSource Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private protected FakeUpstream One { get; private set; } = null!;

    private protected FakeUpstream Two { get; private set; } = null!;

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public virtual async ValueTask InitializeAsync() => (One, Two) = (await FakeUpstream.StartAsync(), await FakeUpstream.StartAsync());

    public virtual async ValueTask DisposeAsync()
    {
        Answer.TrySetResult();
        await One.DisposeAsync();
        await Two.DisposeAsync();
        Harness.State.Dispose();
        Harness.Meter.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The two of them in turn.</summary>
    /// <param name="patience">For a connection, a head and a pause.</param>
    private protected Upstream Both(TimeSpan patience) => Servers.Upstream(0, Balance.RoundRobin) with
    {
        Destinations = [new DestinationAddress(One.Address), new DestinationAddress(Two.Address)],
        Timeouts = new UpstreamTimeouts(patience, patience, patience),
    };
}
