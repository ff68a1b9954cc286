using Gatehouse.Configuration;
using Gatehouse.Declaration;

namespace Gatehouse.Cli.Commands.Output;

/// <summary>What a check found in one declaration, ready to be printed.</summary>
internal sealed class FindingReport(string file, Reading reading)
{
    public IReadOnlyList<Finding> Findings { get; } = reading.Findings;

    /// <summary>For people: how many findings of each kind, or what a sound declaration declares; and what was left out.</summary>
    public string Summary { get; } = Judge(file, reading) + (Missing(reading) is { } missing ? " " + missing : "");

    /// <summary>How many further findings there are of each kind; null when all are there.</summary>
    public string? LeftOut { get; } = Missing(reading);

    /// <summary>The findings as rows.</summary>
    public Listing ToListing() => new(
        ["file", "line", "column", "severity", "rule", "message", "hint", "why"],
        [.. Findings.Select(f => new Listing.Row(
            f.Place.File, f.Place.Line, f.Place.Column, f.IsError ? "error" : "warning", f.Rule.Id, f.Message, f.Hint, f.Rule.Why))]);

    private static string Judge(string file, Reading reading)
    {
        var errors = reading.Findings.Count(f => f.IsError);
        var warnings = reading.Findings.Count == errors ? "" : $", {Count(reading.Findings.Count - errors, "warning")}";
        if (reading.Definition is { } sound)
            return $"{file} can be served: {Count(sound.Routes.Count, "route")} on {Count(sound.Listeners.Count, "listener")}{warnings}.";
        var isDraft = reading.ErrorsLeftOut == 0 && reading.Findings.All(f => !f.IsError || f.Rule == Rules.Undecided);
        return isDraft
            ? $"{file} is a draft: {Count(errors, "decision")} to take before it can be served."
            : $"{file} cannot be served: {Count(errors, "error")}{warnings}.";
    }

    private static string? Missing(Reading reading)
    {
        var (errors, warnings) = (reading.ErrorsLeftOut, reading.LeftOut - reading.ErrorsLeftOut);
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
