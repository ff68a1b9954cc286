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

    public TrailPlace Place => TrailPlace.Of(Trail);

    /// <summary>
    /// The chain of this machine's command line, beside those of gateways that may be running; null when it cannot be written, which has been said.
    /// </summary>
    public async Task<CommandChain?> OpenAsync(GatewayOptions gateway, TextWriter error, CancellationToken cancel)
    {
        var options = new AuditTrailOptions
        {
            Gateway = Definition.Name,
            Instance = CommandChain.InstanceOf(Environment.MachineName),
            Key = Trail.Key,
            FormerKeys = Trail.FormerKeys,
            Copies = Trail.Copies,
        };
        try
        {
            return await CommandChain.OpenAsync(Place.OpenStore(), options, new EventWriter(error, gateway.Clock), gateway.Clock, cancel);
        }
        catch (Exception e) when (TrailOptions.IsUnreadable(e))
        {
            await error.WriteLineAsync($"What is done is recorded in the trail, and {Place.Name} cannot be written ({Place.Why(e)}), so nothing was done.");
            return null;
        }
    }

    /// <summary>Whether it is durable; if not, that has been said.</summary>
    public bool Write(CommandChain chain, AuditRecord record, TextWriter error)
    {
        try
        {
            chain.Write(record);
            return true;
        }
        catch (Exception e) when (TrailOptions.IsUnreadable(e))
        {
            error.WriteLine($"It could not be recorded: {Place.Name} cannot be written ({Place.Why(e)}).");
            return false;
        }
    }
}
