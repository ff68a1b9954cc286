using System.CommandLine;
using System.Data.Common;
using Gatehouse.Audit;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>What the commands about a trail have in common: which trail, which of its chains, which keys.</summary>
internal static class TrailOptions
{
    public static Argument<string> File() => new Argument<string>("TRAIL") { Description = TrailPlace.Description }.OfFiles();

    public static Option<string?> Chain() => new("--instance")
    {
        Description = "The instance whose chain is meant, or the chain's whole name; needed where the trail has several.",
        HelpName = "NAME",
    };

    public static Option<bool> Personal() => new("--personal")
    {
        Description = "Also personal values: whom a caller spoke for, addresses, whose data it was.",
    };

    public static Option<string[]> Keys() => new Option<string[]>("--key")
    {
        Description = "The public key of the checkpoints, in PEM, as 'gatehouse key init --audit' prints it; more than once where it was replaced.",
        HelpName = "FILE",
        Required = true,
        AllowMultipleArgumentsPerToken = false,
    }.OfFiles();

    /// <summary>The trail, or null; then it has been said what is wrong.</summary>
    public static AuditReader? Open(string file, TextWriter error) => TrailPlace.Of(file, error)?.OpenReader(error);

    /// <summary>Whether something is the matter with the file, and not with the program.</summary>
    public static bool IsUnreadable(Exception e) =>
        e is DbException or IOException or UnauthorizedAccessException or InvalidDataException or InvalidCastException or TimeoutException;

    /// <summary>The keys, or null; then it has been said what is wrong.</summary>
    public static IReadOnlyList<CheckpointVerifier>? Read(IEnumerable<string> files, TextWriter error)
    {
        var keys = new List<CheckpointVerifier>();
        foreach (var file in files)
        {
            try
            {
                if (CheckpointVerifier.Read(System.IO.File.ReadAllText(file)) is { } key)
                {
                    keys.Add(key);
                    continue;
                }

                error.WriteLine($"{file} holds no public key in PEM on the curve P-256.");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                error.WriteLine($"{file} cannot be read: {Show.Bounded(e.Message)}");
            }

            return null;
        }

        return keys;
    }

    /// <summary>Every chain, or null; then it has been said why they cannot be read.</summary>
    public static IReadOnlyList<AuditChain>? Chains(TrailPlace place, AuditReader reader, TextWriter error)
    {
        try
        {
            return reader.Chains();
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            error.WriteLine($"{place.Name} cannot be read: {place.Why(e)}");
            return null;
        }
    }

    /// <summary>The chain that is meant, or null; then it has been said what is wrong.</summary>
    public static AuditChain? Choose(TrailPlace place, AuditReader reader, string? named, TextWriter error)
    {
        if (Chains(place, reader, error) is not { } chains) return null;
        // that of the command line only where it is named, or there is no other
        List<AuditChain> meant = named is null
            ? [.. chains.Where(c => !CommandChain.IsOne(c.Instance) || chains.Count == 1)]
            : [.. chains.Where(c => c.Instance == named || c.Origin == named)];
        if (meant is [var only]) return only;
        var names = (meant.Count == 0 ? chains : meant).GroupBy(c => c.Instance).SelectMany(g => g.Count() == 1 ? [g.Key] : g.Select(c => c.Origin));
        error.WriteLine(chains.Count == 0
            ? "The trail has no chain."
            : $"Which chain is meant? --instance {string.Join(" | ", names.Select(Show.Bounded))}");
        return null;
    }
}
