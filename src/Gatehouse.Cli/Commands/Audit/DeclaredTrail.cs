using Gatehouse.Audit;
using Gatehouse.Declaration;
using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>The trail that a declaration names.</summary>
internal sealed record DeclaredTrail(GatewayDefinition Definition, TrailDeclaration Trail)
{
    /// <summary>Null when there is none to be had; then it has been said why.</summary>
    public static DeclaredTrail? Read(string file, string? environment, GatewayOptions gateway, TextWriter error)
    {
        if (ServableDeclaration.Read(file, environment, gateway, "nobody knows where its trail is", error) is not { } definition) return null;
        if (definition.Trail is { } trail) return new DeclaredTrail(definition, trail);
        error.WriteLine($"{file} has no trail: it has no 'audit'.");
        return null;
    }

    public TrailPlace Place { get; } = TrailPlace.Of(Trail);

    /// <summary>
    /// The chain of this machine's command line, beside those of gateways that may be running; null when it cannot be written, which has been said.
    /// </summary>
    public Task<CommandChain?> OpenAsync(GatewayOptions gateway, TextWriter error, CancellationToken cancel) => Place.OpenChainAsync(
        Definition.Name, Trail.Key, Trail.FormerKeys, Trail.Copies, "What is done", "", error, gateway.Clock, cancel);

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
