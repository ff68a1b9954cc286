using Gatehouse.Runtime;

namespace Gatehouse.Admin;

/// <summary>
/// Whether the process lives and whether it wants traffic. It lives as long as it answers; it is ready while a snapshot is in force (there is one
/// from the
/// first moment of listening on) and no stop was asked for.
/// </summary>
internal sealed class HealthPage(Activation activation, Func<bool> isDraining)
{
    public bool IsReady => !isDraining();

    /// <summary>For operators: what is in force.</summary>
    public string Detail()
    {
        var snapshot = activation.Current;
        var ready = IsReady ? "true" : "false";
        return $$"""{"ready":{{ready}},"revision":{{snapshot.Revision}},"fingerprint":"{{snapshot.Definition.Fingerprint}}"}""";
    }
}
