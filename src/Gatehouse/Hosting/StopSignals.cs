namespace Gatehouse.Hosting;

/// <summary>
/// What signals to stop mean. The first asks to drain; a further one to stop at once. A SIGTERM that follows on the heels of another is its twin:
/// timeout(1) and process groups deliver one wish twice, and a twin must not cut what is in flight. A person's second Ctrl-C is never a twin.
/// </summary>
internal sealed class StopSignals(TimeProvider clock) : IDisposable
{
    /// <summary>How long after the first a further SIGTERM is still the same wish.</summary>
    public static readonly TimeSpan Twins = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _hurry = new();
    private readonly Lock _gate = new();
    private long? _first;

    /// <summary>Done once a stop is asked for.</summary>
    public Task Asked => _asked.Task;

    /// <summary>Cancelled when the stop is not to wait any longer.</summary>
    public CancellationToken Hurry => _hurry.Token;

    /// <summary>SIGINT.</summary>
    public void Interrupt() => Ask(TimeSpan.Zero);

    /// <summary>SIGTERM, or the host's own wish.</summary>
    public void Terminate() => Ask(Twins);

    public void Dispose() => _hurry.Dispose();

    private void Ask(TimeSpan twins)
    {
        lock (_gate)
        {
            if (_first is not { } first) _first = clock.GetTimestamp();
            else if (clock.GetElapsedTime(first) >= twins) _hurry.Cancel();
        }

        _asked.TrySetResult();
    }
}
