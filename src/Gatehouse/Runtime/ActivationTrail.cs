using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Configuration;

namespace Gatehouse.Runtime;

/// <summary>Records which declarations came into force, and which did not.</summary>
internal sealed class ActivationTrail(AuditTrail trail, TimeProvider clock)
{
    private const int MostRules = 8;

    /// <summary>Records that the first snapshot is in force. Where the trail cannot be written, it is recorded when it can.</summary>
    public void Begun(GatewaySnapshot first) => trail.Post(RecordOf(first));

    /// <summary>Records durably that a snapshot comes into force; false when that could not be done. It waits.</summary>
    public bool Record(GatewaySnapshot next) => trail.WriteAsync(RecordOf(next)).AsTask().GetAwaiter().GetResult();

    /// <summary>Records that a declaration was not taken, where that is so.</summary>
    public void Refused(ActivationResult result, LoadedDeclaration next)
    {
        if (result.Outcome is not (ActivationOutcome.Refused or ActivationOutcome.NeedsRestart)) return;
        var errors = result.Findings.Where(f => f.Rule.Severity == Severity.Error).ToList();
        trail.Post(new AuditRecord
        {
            Kind = AuditKind.Activation,
            Time = clock.GetUtcNow(),
            Decision = AuditDecision.Refused,
            Outcome = AuditOutcome.Refused,
            Fingerprint = next.Definition?.Fingerprint,
            Reason = result.Outcome == ActivationOutcome.NeedsRestart ? "it needs a restart" : "it has errors",
            Details =
            [
                new("errors", errors.Count.ToString(CultureInfo.InvariantCulture)),
                .. errors.Select(e => e.Rule.Id).Distinct().Take(MostRules).Select(id => new AuditDetail("rule", id)),
            ],
        });
    }

    private AuditRecord RecordOf(GatewaySnapshot snapshot) => new()
    {
        Kind = AuditKind.Activation,
        Time = clock.GetUtcNow(),
        Decision = AuditDecision.Allowed,
        Outcome = AuditOutcome.Done,
        Revision = snapshot.Revision,
        Fingerprint = snapshot.Definition.Fingerprint,
    };
}
