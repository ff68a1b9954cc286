using System.Globalization;
using Gatehouse.Runtime;

namespace Gatehouse.Admin;

/// <summary>
/// Whether the process lives and whether it wants traffic. It lives as long as it answers. It is ready while a snapshot is in force (there is
/// one from the first moment of listening on), no stop was asked for, the clock can be believed, and every issuer has been asked for its keys: an
/// instance that has just started must not get calls whose tokens it cannot judge yet, but one issuer that is away must not take all instances away.
/// </summary>
/// <param name="lastGood">Says what is served in the place of a declaration that cannot be; null for nothing.</param>
internal sealed class HealthPage(Activation activation, Func<bool> isDraining, Func<KeptDeclaration?> lastGood)
{
    public bool IsReady => !isDraining() && activation.Current.ClockIsInStep && activation.Current.WasPreparedForTokens(out _);

    /// <summary>For operators: what is in force, and what is not as it should be.</summary>
    public string Detail()
    {
        var snapshot = activation.Current;
        var ready = IsReady ? "true" : "false";
        snapshot.WasPreparedForTokens(out var without);
        var keys = without.Count == 0 ? "" : $",\"issuersWithoutKeys\":[{string.Join(',', without.Select(name => $"\"{name}\""))}]";
        var clock = snapshot.ClockIsInStep ? "" : ",\"clockInStep\":false";
        var kept = lastGood() is { } used ? $$""","lastGood":{"provedAt":"{{Text(used.ProvedAt)}}","until":"{{Text(used.Until)}}"}""" : "";
        var (revision, fingerprint) = (snapshot.Revision, snapshot.Definition.Fingerprint);
        return $$"""{"ready":{{ready}},"revision":{{revision}},"fingerprint":"{{fingerprint}}"{{keys}}{{clock}}{{kept}}}""";
    }

    private static string Text(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
