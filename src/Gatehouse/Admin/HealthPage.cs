using System.Globalization;
using Gatehouse.Register;
using Gatehouse.Runtime;

namespace Gatehouse.Admin;

/// <summary>
/// Whether the process lives and whether it wants traffic. It lives as long as it answers. It is ready while a snapshot is in force (there is
/// one from the first moment of listening on), no stop was asked for, the clock can be believed, and every issuer has been asked for its keys: an
/// instance that has just started must not get calls whose tokens it cannot judge yet, but one issuer that is away must not take all instances away.
/// The same holds for the register: without its store an instance serves by what it knows, and one that knows nothing is not ready.
/// </summary>
/// <param name="lastGood">Says what is served in the place of a declaration that cannot be; null for nothing.</param>
internal sealed class HealthPage(Activation activation, Func<bool> isDraining, Func<KeptDeclaration?> lastGood)
{
    public bool IsReady =>
        !isDraining() && activation.Current is { ClockIsInStep: true } now && now.WasPreparedForTokens(out _)
        && now.Register is not { Current.IsKnown: false };

    /// <summary>For operators: what is in force, and what is not as it should be.</summary>
    public string Detail()
    {
        var snapshot = activation.Current;
        var ready = IsReady ? "true" : "false";
        snapshot.WasPreparedForTokens(out var without);
        var keys = without.Count == 0 ? "" : $",\"issuersWithoutKeys\":[{string.Join(',', without.Select(name => $"\"{name}\""))}]";
        var clock = snapshot.ClockIsInStep ? "" : ",\"clockInStep\":false";
        var kept = lastGood() is { } used ? $$""","lastGood":{"provedAt":"{{Text(used.ProvedAt)}}","until":"{{Text(used.Until)}}"}""" : "";
        var more = keys + clock + kept + RegisterOf(snapshot.Register);
        return $$"""{"ready":{{ready}},"revision":{{snapshot.Revision}},"fingerprint":"{{snapshot.Definition.Fingerprint}}"{{more}}}""";
    }

    private static string RegisterOf(KnownRegister? register)
    {
        if (register is null) return "";
        var state = !register.Current.IsKnown ? "unknown" : register.IsTooOld ? "too old" : register.IsLost ? "lost" : "known";
        var age = register.Age is { } known ? string.Create(CultureInfo.InvariantCulture, $",\"age\":{known.TotalSeconds:0.#}") : "";
        return $$""","register":{"state":"{{state}}"{{age}}}""";
    }

    private static string Text(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
