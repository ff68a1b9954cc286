using Gatehouse.Configuration;
using Gatehouse.Declaration;

namespace Gatehouse.Cli.Commands.Output;

/// <summary>What a check found in one declaration, ready to be printed.</summary>
internal sealed class FindingReport(string file, Reading reading)
{
    public IReadOnlyList<Finding> Findings { get; } = reading.Findings;

    /// <summary>One sentence for people: how many findings of each kind, or what a sound declaration declares.</summary>
    public string Summary { get; } = reading.Definition is { } sound
        ? $"{file} can be served: {Count(sound.Routes.Count, "route")} on {Count(sound.Listeners.Count, "listener")}"
            + (reading.Findings.Count == 0 ? "." : $", {Count(reading.Findings.Count, "warning")}.")
        : reading.Findings.All(f => !f.IsError || f.Rule == Rules.Undecided)
        ? $"{file} is a draft: {Count(reading.Findings.Count(f => f.IsError), "decision")} to take before it can be served."
        : $"{file} cannot be served: {Count(reading.Findings.Count(f => f.IsError), "error")}"
            + (reading.Findings.Any(f => !f.IsError) ? $", {Count(reading.Findings.Count(f => !f.IsError), "warning")}." : ".");

    /// <summary>The findings as rows.</summary>
    public Listing ToListing() => new(
        ["file", "line", "column", "severity", "rule", "message", "hint", "why"],
        [.. Findings.Select(f => new Listing.Row(
            f.Place.File, f.Place.Line, f.Place.Column, f.IsError ? "error" : "warning", f.Rule.Id, f.Message, f.Hint, f.Rule.Why))]);

    private static string Count(int n, string what) => n == 1 ? $"1 {what}" : $"{n} {what}s";
}
