using Gatehouse.Configuration;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;

namespace Gatehouse.Hosting;

/// <summary>What a gateway starts with: the declaration as it is, or, where the command line asks for it, as it was when it was last good.</summary>
/// <param name="Loaded">Without errors.</param>
/// <param name="Watched">The files of the declaration as it is, with their digests.</param>
/// <param name="Load">Reads a declaration from files.</param>
/// <param name="LastGood">Where the declaration in force is kept; null for nowhere.</param>
internal sealed record FirstDeclaration(
    LoadedDeclaration Loaded, IReadOnlyDictionary<string, string> Watched, Func<SourceFiles, LoadedDeclaration> Load, LastGood? LastGood)
{
    /// <summary>The files that it was read from, to be kept once it is in force; null where it is the last good one, which is kept already.</summary>
    public SourceFiles? Files { get; private init; }

    /// <exception cref="GatewayStartException">There is nothing that could be served.</exception>
    public static FirstDeclaration Read(GatewayOptions options)
    {
        var read = options.Load
            ?? (files => LoadedDeclaration.Load(options.DeclarationPath, files, options.Clock, options.Kinds, options.Environment));
        Func<SourceFiles, LoadedDeclaration> load = files => LoadedDeclaration.OrSay(read, files, options.DeclarationPath);
        var events = new EventWriter(options.Events, options.Clock);
        var lastGood = OpenLastGood(options, events);
        var files = options.Files();
        var loaded = load(files);
        if (loaded.Definition is not null) return new FirstDeclaration(loaded, loaded.Digests, load, lastGood) { Files = files };

        var broken = $"'{Show.Bounded(options.DeclarationPath)}' has errors";
        if (lastGood is null) throw new GatewayStartException($"{broken}; nothing is served", loaded.Findings);
        if (lastGood.Take(options.Files(), out var why) is not { } kept)
            throw new GatewayStartException($"{broken}, and the last good one cannot be served: {why}; nothing is served", loaded.Findings);
        var old = load(kept);
        if (old.Definition is null)
            throw new GatewayStartException(
                $"{broken}, and the last good one has errors too; nothing is served", [.. loaded.Findings, .. old.Findings]);
        foreach (var finding in loaded.Findings) events.Write(finding.ToString());
        var until = LastGood.Show(lastGood.InUse!.Until);
        events.Write($"{broken}: WHAT IS SERVED IS THE LAST GOOD ONE, of {LastGood.Show(lastGood.InUse.ProvedAt)}; unless it is mended, this ends at {until}");
        return new FirstDeclaration(old, loaded.Digests, load, lastGood);
    }

    private static LastGood? OpenLastGood(GatewayOptions options, EventWriter events)
    {
        if (options.LastGood is not { } wanted) return null;
        var findings = new Findings();
        var declaration = options.Environment is { } environment ? $"{options.DeclarationPath} ({environment})" : options.DeclarationPath;
        return LastGood.Open(wanted, declaration, options.Files(), events, options.Clock, findings)
            ?? throw new GatewayStartException("the last good declaration cannot be kept; nothing is served", findings.InOrder());
    }
}
