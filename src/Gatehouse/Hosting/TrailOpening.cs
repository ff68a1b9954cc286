using Gatehouse.Audit;
using Gatehouse.Declaration;
using Gatehouse.Telemetry;

namespace Gatehouse.Hosting;

/// <summary>Opens the trail that a declaration asks for.</summary>
internal static class TrailOpening
{
    /// <summary>Room for what is under way and cannot be written at the moment: thousands of exchanges at once.</summary>
    private const int QueueBytes = 32 << 20;

    /// <summary>It begins by itself, and tries again for as long as it cannot.</summary>
    public static AuditTrail Open(
        TrailDeclaration declared, GatewayDefinition definition, EventWriter events, GatehouseMeter meter, TimeProvider clock,
        LineSink? shipped, Func<bool> isClockInStep)
    {
        var options = new AuditTrailOptions
        {
            Gateway = definition.Name,
            Instance = definition.Name,
            Key = declared.Key,
            FormerKeys = declared.FormerKeys,
            CheckpointEvery = declared.CheckpointEvery,
            CheckpointAfter = declared.CheckpointWithin,
            Copies = declared.Copies,
            Retain = declared.Retain,
            IsClockInStep = isClockInStep,
            Shipped = shipped,
            QueueBytes = QueueBytes,
        };
        return new AuditTrail(declared.CreateStore(clock), options, events, clock, meter.Audit);
    }
}
