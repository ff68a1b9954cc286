using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Declaration;
using Gatehouse.Hosting;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>The trail that a declaration names.</summary>
internal sealed record DeclaredTrail(GatewayDefinition Definition, TrailDeclaration Trail)
{
    private const int MostErrors = 20;

    /// <summary>Null when there is none to be had; then it has been said why.</summary>
    public static DeclaredTrail? Read(string file, string? environment, GatewayOptions gateway, TextWriter error)
    {
        var loaded = LoadedDeclaration.Load(file, SourceFiles.OnDisk(), gateway.Clock, gateway.Kinds, environment);
        if (loaded.Definition is not { } definition)
        {
            foreach (var finding in loaded.Findings.Where(f => f.IsError).Take(MostErrors)) error.WriteLine(finding.ToString());
            error.WriteLine($"{file} cannot be read, so nobody knows where its trail is. 'gatehouse check' says everything that is wrong.");
            return null;
        }

        if (definition.Trail is { } trail) return new DeclaredTrail(definition, trail);
        error.WriteLine($"{file} has no trail: it has no 'audit'.");
        return null;
    }

    /// <summary>
    /// Writes a record as the command line, in a chain of its own beside that of a gateway that may be running. False when it is not durable, which
    /// is said.
    /// </summary>
    public async Task<bool> WriteAsync(AuditRecord record, GatewayOptions gateway, TextWriter error)
    {
        var options = new AuditTrailOptions
        {
            Gateway = Definition.Name,
            Instance = "command-line",
            Key = Trail.Key,
            FormerKeys = Trail.FormerKeys,
            Copies = Trail.Copies,
            IsBrief = true,
        };
        var store = new SqliteAuditStore(Trail.Store, SqliteAuditStore.CommandLine);
        using var trail = new AuditTrail(store, options, new EventWriter(error, gateway.Clock), gateway.Clock, new AuditTally());
        return await trail.Begun && await trail.WriteAsync(record);
    }
}
