using Gatehouse.Configuration;
using Spectre.Console;

namespace Gatehouse.Cli.Commands.Output;

/// <summary>The forms in which findings are printed.</summary>
internal static class FindingForms
{
    /// <summary>The form for people, which ends in a summary.</summary>
    public const string Table = "table";

    public static IReadOnlyList<string> All { get; } = [Table, "json", "csv", "markdown", "sarif"];

    public static void Write(string form, FindingReport report, TextWriter output)
    {
        switch (form)
        {
            case Table:
                WriteText(report, output);
                break;
            case "sarif":
                Sarif.Write(report.Findings, output);
                break;
            default:
                report.ToListing().Write(form, output);
                break;
        }
    }

    /// <summary>
    /// A finding is a place and sentences, which columns would only break: on each first line what a compiler would print, then hint and reason.
    /// </summary>
    public static void WriteText(FindingReport report, TextWriter output)
    {
        var terminal = Terminal.For(output);
        foreach (var finding in report.Findings) WriteFinding(finding, output, terminal);
        if (report.Findings.Count > 0) output.WriteLine();
        output.WriteLine(Visible.Of(report.Summary));
    }

    private static void WriteFinding(Finding finding, TextWriter output, IAnsiConsole? terminal)
    {
        var severity = finding.IsError ? "error" : "warning";
        if (terminal is null)
        {
            output.WriteLine($"{finding.Place} {severity} {finding.Rule.Id} {finding.Message}");
        }
        else
        {
            terminal.Write(new Text(finding.Place.ToString(), new Style(decoration: Decoration.Bold)));
            terminal.Write(new Text($" {severity} {finding.Rule.Id} ", new Style(finding.IsError ? Color.Red : Color.Yellow)));
            output.WriteLine(finding.Message);
        }

        if (finding.Hint is not null) output.WriteLine($"  hint: {finding.Hint}");
        output.WriteLine($"  why:  {finding.Rule.Why}");
    }
}
