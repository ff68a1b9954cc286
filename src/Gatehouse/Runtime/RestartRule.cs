using Gatehouse.Configuration;
using Gatehouse.Declaration;
using Gatehouse.Routes;

namespace Gatehouse.Runtime;

/// <summary>
/// Sockets are opened once, and a gateway keeps its name: a reload that would need other ones is refused whole, because half of it would be neither
/// the old nor the new declaration.
/// </summary>
internal static class RestartRule
{
    public static Findings Check(GatewayDefinition running, GatewayDefinition next)
    {
        var findings = new Findings();
        var file = new Place(next.Administration.Place.File, 1, 1);
        CheckIdentity(running, next, findings, file);
        foreach (var listener in running.Listeners)
        {
            if (next.Listeners.FirstOrDefault(l => l.Name == listener.Name) is { } other) Compare(listener, other, findings);
            else NeedsRestart(findings, file, $"the listener '{listener.Name}' is gone");
        }

        foreach (var listener in next.Listeners)
            if (running.Listeners.All(l => l.Name != listener.Name)) NeedsRestart(findings, listener.Place, $"the listener '{listener.Name}' is new");
        if (!running.Administration.Address.Equals(next.Administration.Address))
            NeedsRestart(findings, next.Administration.Place,
                $"the administration listener moves from {running.Administration.Address} to {next.Administration.Address}");
        if (!Equals(running.Health, next.Health))
            NeedsRestart(findings, file,
                $"the health listener moves from {running.Health?.ToString() ?? "nowhere"} to {next.Health?.ToString() ?? "nowhere"}");
        if (running.AccessLog != next.AccessLog) NeedsRestart(findings, file, "the access log goes elsewhere");
        if (!IsSameTrail(running.Trail, next.Trail))
            NeedsRestart(findings, next.Trail?.Place ?? file, "the audit trail goes elsewhere, or is kept or signed otherwise");
        if (running.Telemetry.Otlp?.Identity != next.Telemetry.Otlp?.Identity)
            NeedsRestart(findings, file, "what is told goes to another collector, or something else goes there");
        return findings;
    }

    /// <summary>
    /// What is kept in stores (keys and what is suspended, counts) and told elsewhere stands under both: under another name what was suspended
    /// would pass.
    /// </summary>
    private static void CheckIdentity(GatewayDefinition running, GatewayDefinition next, Findings findings, Place file)
    {
        if (running.Name != next.Name)
            NeedsRestart(findings, file, $"the gateway's name changes from '{running.Name}' to '{next.Name}', and what is suspended stands under it");
        if (running.Environment != next.Environment)
            NeedsRestart(findings, file,
                $"the gateway's environment changes from '{running.Environment}' to '{next.Environment}', and what is suspended stands under it");
    }

    private static bool IsSameTrail(TrailDeclaration? running, TrailDeclaration? next) =>
        running is null ? next is null : next is not null && running.IsSameTrail(next);

    private static void Compare(Listener running, Listener next, Findings findings)
    {
        if (!running.Address.Equals(next.Address))
            NeedsRestart(findings, next.Place, $"the listener '{next.Name}' moves from {running.Address} to {next.Address}");
        if (running.Protocols != next.Protocols) NeedsRestart(findings, next.Place, $"the listener '{next.Name}' speaks other protocols");
        var live = running.Intake with
        {
            Connections = next.Intake.Connections,
            ConnectionsPerAddress = next.Intake.ConnectionsPerAddress,
            StreamsPerAddress = next.Intake.StreamsPerAddress,
        };
        if (live != next.Intake)
            NeedsRestart(
                findings,
                next.Place,
                $"the listener '{next.Name}' takes requests of another size or slowness ('intake' but for numbers by listener and address)");
        if (running.Tls is null != next.Tls is null)
            NeedsRestart(findings, next.Place, $"the listener '{next.Name}' {(next.Tls is null ? "loses" : "gains")} TLS");
    }

    private static void NeedsRestart(Findings findings, Place place, string what) =>
        findings.Add(Rules.NeedsRestart, place, what + ", which needs a restart", "restart the gateway, or change it back and reload the rest");
}
