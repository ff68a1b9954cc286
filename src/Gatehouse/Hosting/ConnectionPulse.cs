using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Gatehouse.Hosting;

/// <summary>
/// The heartbeat of connections while their listener drains. Kestrel stops its own before anything else; without one, a connection of HTTP/2 does not
/// notice that its last stream has ended, and stays open for as long as its client likes.
/// </summary>
internal sealed class ConnectionPulse
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    private readonly HashSet<Beat> _beats = [];

    /// <summary>Stands before everything else on a listener.</summary>
    public ConnectionDelegate Before(ConnectionDelegate next) => async connection =>
    {
        var beat = new Beat(connection.Features.Get<IConnectionHeartbeatFeature>());
        connection.Features.Set<IConnectionHeartbeatFeature>(beat);
        lock (_beats) _beats.Add(beat);
        try
        {
            await next(connection);
        }
        finally
        {
            lock (_beats) _beats.Remove(beat);
        }
    };

    /// <summary>Beats until it is disposed. Like Kestrel's, it goes by the system's time.</summary>
    public ITimer Begin() => TimeProvider.System.CreateTimer(static pulse => ((ConnectionPulse)pulse!).Tick(), this, Every, Every);

    private void Tick()
    {
        Beat[] beats;
        lock (_beats) beats = [.. _beats];
        foreach (var beat in beats) beat.Tick();
    }

    /// <summary>Remembers what is to be done at each beat.</summary>
    private sealed class Beat(IConnectionHeartbeatFeature? inner) : IConnectionHeartbeatFeature
    {
        private readonly List<(Action<object> Action, object State)> _actions = [];

        public void OnHeartbeat(Action<object> action, object state)
        {
            inner?.OnHeartbeat(action, state);
            lock (_actions) _actions.Add((action, state));
        }

        public void Tick()
        {
            lock (_actions)
                foreach (var (action, state) in _actions) action(state);
        }
    }
}
