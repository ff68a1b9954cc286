using System.Diagnostics.Metrics;
using Gatehouse.Telemetry;
using Gatehouse.Upstreams;

namespace Gatehouse.Runtime;

/// <summary>Has the destinations of the snapshot in force asked whether they are well, and says which of them may be chosen.</summary>
internal sealed class UpstreamWatch : IAsyncDisposable
{
    private readonly Activation _activation;
    private readonly HealthChecks _checks;

    public UpstreamWatch(Activation activation, GatehouseMeter meter, TimeProvider clock)
    {
        _activation = activation;
        _checks = new HealthChecks(clock, Random.Shared);
        meter.UpstreamsUsable = Usable;
        meter.CircuitsOpen = Open;
    }

    /// <summary>Begins to ask, and follows every reload.</summary>
    public void Start()
    {
        _activation.Swapped += Follow;
        Follow(_activation.Current);
    }

    public async ValueTask DisposeAsync() => await _checks.DisposeAsync();

    private void Follow(GatewaySnapshot snapshot)
    {
        _checks.Follow(snapshot.Upstreams.SelectMany(u => u.Checks)); // first: whom nobody asks any more is not down
        foreach (var upstream in snapshot.Upstreams) upstream.ComeIntoForce();
    }

    private IEnumerable<Measurement<long>> Usable() =>
        from upstream in _activation.Current.Upstreams
        from destination in upstream.Standing
        select new Measurement<long>(
            destination.IsUsable ? 1 : 0, new("upstream", upstream.Name), new KeyValuePair<string, object?>("destination", destination.Destination));

    private IEnumerable<Measurement<long>> Open() =>
        from upstream in _activation.Current.Upstreams
        where upstream.IsOpen is not null
        select new Measurement<long>(upstream.IsOpen == true ? 1 : 0, new KeyValuePair<string, object?>("upstream", upstream.Name));
}
