namespace Gatehouse.Upstreams;

/// <summary>The checks that run: those of the snapshot in force, and no others. One that a reload does not change goes on undisturbed.</summary>
internal sealed class HealthChecks(TimeProvider clock, Random random) : IAsyncDisposable
{
    private readonly Dictionary<string, HealthCheck> _running = new(StringComparer.Ordinal);
    private readonly List<Task> _stopping = [];
    private bool _disposed;

    /// <summary>How many run.</summary>
    public int Count
    {
        get
        {
            lock (_running) return _running.Count;
        }
    }

    /// <summary>Starts what is new and stops what is gone. A destination that nobody asks any more counts as well.</summary>
    public void Follow(IEnumerable<HealthPlan> plans)
    {
        var wanted = plans.DistinctBy(p => p.Key).ToDictionary(p => p.Key, StringComparer.Ordinal);
        var asked = wanted.Values.Select(p => p.Destination).ToHashSet();
        lock (_running)
        {
            if (_disposed) return;
            _stopping.RemoveAll(s => s.IsCompleted);
            foreach (var (key, check) in _running)
            {
                if (wanted.ContainsKey(key)) continue;
                _running.Remove(key); // allowed while enumerating since .NET Core 3.0
                _stopping.Add(check.DisposeAsync().AsTask());
                if (!asked.Contains(check.Plan.Destination)) check.Plan.Destination.TrySetDown(false, clock);
            }

            foreach (var (key, plan) in wanted)
            {
                if (_running.ContainsKey(key)) continue;
                var check = _running[key] = new HealthCheck(plan, clock, random);
                check.Start();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task[] stopping;
        lock (_running)
        {
            _disposed = true;
            stopping = [.. _stopping, .. _running.Values.Select(c => c.DisposeAsync().AsTask())];
            _running.Clear();
        }

        await Task.WhenAll(stopping);
    }
}
