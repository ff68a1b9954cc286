using Gatehouse.Telemetry;

namespace Gatehouse.Audit;

/// <summary>
/// When the chains that nobody goes on with are looked at. Those of a file before its writer begins, for then nobody else can; those of a shared
/// store each minute, by a thread and a connection of their own, so that no write waits for it.
/// </summary>
internal sealed class OtherChainsDuty : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LastLook = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _end = new(); // it is never disposed: a look that takes too long still asks it
    private readonly AutoResetEvent _wake = new(false);
    private readonly AuditTrailOptions _options;
    private readonly AuditStore? _beside;
    private readonly OtherChains _others;
    private readonly ITimer? _timer;
    private readonly Thread? _thread;
    private string? _own;
    private bool _isLooked;

    public OtherChainsDuty(AuditStore store, AuditTrailOptions options, EventWriter events, TimeProvider clock)
    {
        (_options, _beside) = (options, store.Beside());
        _others = new OtherChains(options, events, clock, isShared: _beside is not null);
        if (_beside is null) return;
        _timer = clock.CreateTimer(static duty => ((OtherChainsDuty)duty!)._wake.Set(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _thread = new Thread(Run) { IsBackground = true, Name = "gatehouse audit trail of others" };
        _thread.Start();
    }

    /// <summary>Looks at the other chains of a file that is about to be opened, once.</summary>
    public void LookBefore(AuditStore store)
    {
        if (_beside is null && !_isLooked) _isLooked = _others.Look(store, _options.Instance, _end.Token) != OtherChainsLook.Failed;
    }

    /// <summary>Looks at the other chains of a shared store from now on.</summary>
    /// <param name="own">The instance whose chain is written.</param>
    public void LookOn(string own)
    {
        if (Interlocked.Exchange(ref _own, own) is null) _wake.Set();
    }

    /// <summary>No chain is begun with any more.</summary>
    public void Stop()
    {
        _end.Cancel();
        _wake.Set();
    }

    /// <summary>Waits for a look that is under way, for five seconds at most: what it has not committed then was not done.</summary>
    public void Dispose()
    {
        Stop();
        _thread?.Join(LastLook);
        _timer?.Dispose();
    }

    private void Run()
    {
        while (_wake.WaitOne() && !_end.IsCancellationRequested)
        {
            if (Volatile.Read(ref _own) is not { } own) continue;
            var look = _others.Look(_beside!, own, _end.Token);
            _timer!.Change(look == OtherChainsLook.More ? OtherChains.Grace : Every, Timeout.InfiniteTimeSpan);
        }
    }
}
