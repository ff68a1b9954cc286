namespace Gatehouse.Hosting;

/// <summary>Whether the gateway is about to stop. Once it is, it stays so.</summary>
internal sealed class DrainState
{
    private volatile bool _announced;

    public bool IsAnnounced => _announced;

    public void Announce() => _announced = true;
}
