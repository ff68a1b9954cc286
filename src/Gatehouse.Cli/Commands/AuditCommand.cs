using System.CommandLine;
using Gatehouse.Cli.Commands.Audit;
using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands;

/// <summary>
/// <c>gatehouse audit</c>: reads the audit trail, and shows that it was not changed. What verifies needs no gateway, no network and no secret.
/// </summary>
internal static class AuditCommand
{
    public static Command Create(GatewayOptions gateway) => new("audit", "Reads the audit trail, and proves what stands in it.")
    {
        AuditVerifyCommand.Create(),
        AuditProveCommand.Create(gateway.Clock),
        AuditShowCommand.Create(gateway.Clock),
        AuditTailCommand.Create(gateway.Clock),
        AuditSearchCommand.Create(gateway.Clock),
        AuditExportCommand.Create(gateway.Clock),
        AuditRetainCommand.Create(gateway.Clock),
        AuditEraseCommand.Create(gateway.Clock),
        AuditOpenCommand.Create(gateway),
        AuditCloseCommand.Create(gateway),
    };
}
