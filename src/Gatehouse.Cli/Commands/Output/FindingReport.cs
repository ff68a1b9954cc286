using Gatehouse.Configuration;
using Gatehouse.Runtime;

namespace Gatehouse.Cli.Commands.Output;

/// <summary>What a check found in one declaration, ready to be printed.</summary>
internal sealed class FindingReport(string file, LoadedDeclaration loaded)
{
    public IReadOnlyList<Finding> Findings { get; } = loaded.Findings;

    /// <summary>For people: how many findings of each kind, or what a sound declaration declares; and what was left out.</summary>
    public string Summary { get; } = Judge(file, loaded) + (Missing(loaded) is { } missing ? " " + missing : "");

    /// <summary>How many further findings there are of each kind; null when all are there.</summary>
    public string? LeftOut { get; } = Missing(loaded);

    /// <summary>The findings as rows.</summary>
    public Listing ToListing() => new(
        ["file", "line", "column", "severity", "rule", "message", "hint", "why"],
        [.. Findings.Select(f => new Listing.Row(
            f.Place.File, f.Place.Line, f.Place.Column, f.IsError ? "error" : "warning", f.Rule.Id, f.Message, f.Hint, f.Rule.Why))]);

    private static string Judge(string file, LoadedDeclaration loaded)
    {
        var errors = loaded.Findings.Count(f => f.IsError);
        var warnings = loaded.Findings.Count == errors ? "" : $", {Count(loaded.Findings.Count - errors, "warning")}";
        if (loaded.Definition is { } sound)
            return $"{file} can be served: {Count(sound.Routes.Count, "route")} on {Count(sound.Listeners.Count, "listener")}{warnings}.";
        var isDraft = loaded.ErrorsLeftOut == 0 && loaded.Findings.All(f => !f.IsError || f.Rule == Rules.Undecided);
        return isDraft
            ? $"{file} is a draft: {Count(errors, "decision")} to take before it can be served."
            : $"{file} cannot be served: {Count(errors, "error")}{warnings}.";
    }

    private static string? Missing(LoadedDeclaration loaded)
    {
        var (errors, warnings) = (loaded.ErrorsLeftOut, loaded.LeftOut - loaded.ErrorsLeftOut);
        return (errors, warnings) switch
        {
            (0, 0) => null,
            (_, 0) => $"Left out: {Count(errors, "more error")}.",
            (0, _) => $"Left out: {Count(warnings, "more warning")}.",
            _ => $"Left out: {Count(errors, "more error")}, {Count(warnings, "more warning")}.",
        };
    }

    private static string Count(int n, string what) => n == 1 ? $"1 {what}" : $"{n} {what}s";
}
