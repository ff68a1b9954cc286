using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;

namespace Gatehouse.Hosting;

/// <summary>How a gateway is run: where its declaration is, and what it is given from outside.</summary>
internal sealed record GatewayOptions
{
    /// <summary>The declaration's own file.</summary>
    public required string DeclarationPath { get; init; }

    /// <summary>
    /// The name of the environment whose file says where things are; null for what the declaration itself says. A host's command line sets
    /// it before it starts the host.
    /// </summary>
    public string? Environment { get; set; }

    /// <summary>The files as they are now; asked anew for every reading.</summary>
    public Func<SourceFiles> Files { get; init; } = SourceFiles.OnDisk;

    /// <summary>Reads the declaration; null for the ordinary way.</summary>
    public Func<SourceFiles, LoadedDeclaration>? Load { get; init; }

    /// <summary>The second part of the catalogue: with the host's own policies where it has some.</summary>
    public IReadOnlyList<RoutePolicyKind> Kinds { get; init; } = PolicyCatalog.AfterRoute;

    /// <summary>Where the declaration in force is kept, to be served at a start at which there is none; null for nowhere.</summary>
    public LastGoodOptions? LastGood { get; set; }

    /// <summary>Whether the gateway looks at how short it is; without, nothing is shed.</summary>
    public bool HasHeartbeat { get; init; } = true;

    /// <summary>
    /// A listener on which nobody looks at what clients send and take; null for none. A benchmark has one, to see what that costs, and takes intake
    /// out of it too, which refuses every head of HTTP/1.1 that was not seen.
    /// </summary>
    public string? Unwatched { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>How often the files are looked at.</summary>
    public TimeSpan WatchEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Where the operator reads what happens.</summary>
    public TextWriter Events { get; init; } = Console.Error;

    /// <summary>Takes the access log instead of what the declaration names; the caller disposes of it.</summary>
    public LineSink? AccessLog { get; init; }
}

/// <summary>A gateway could not start; nothing listens.</summary>
/// <param name="message">One line for the operator.</param>
/// <param name="findings">What is wrong with the declaration, if it is the declaration.</param>
internal sealed class GatewayStartException(string message, IReadOnlyList<Finding> findings, Exception? inner = null) : Exception(message, inner)
{
    public IReadOnlyList<Finding> Findings { get; } = findings;
}
