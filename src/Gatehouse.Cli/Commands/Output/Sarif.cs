using System.Text.Json.Nodes;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Output;

/// <summary>Findings as SARIF 2.1.0 (OASIS), which code hosts show beside the lines of a change.</summary>
internal static class Sarif
{
    public static void Write(IReadOnlyList<Finding> findings, TextWriter output)
    {
        var rules = findings.Select(f => f.Rule).DistinctBy(r => r.Id).OrderBy(r => r.Id, StringComparer.Ordinal);
        Listing.WriteJson(new JsonObject
        {
            ["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json",
            ["version"] = "2.1.0",
            ["runs"] = new JsonArray(new JsonObject
            {
                ["tool"] = new JsonObject
                {
                    ["driver"] = new JsonObject
                    {
                        ["name"] = "gatehouse",
                        ["version"] = typeof(Sarif).Assembly.GetName().Version!.ToString(3),
                        ["rules"] = new JsonArray([.. rules.Select(Describe)]),
                    },
                },
                ["columnKind"] = "utf16CodeUnits",
                ["results"] = new JsonArray([.. findings.Select(Result)]),
            }),
        }, output);
    }

    private static JsonNode Describe(Rule rule) => new JsonObject
    {
        ["id"] = rule.Id,
        ["shortDescription"] = Message(rule.Title),
        ["fullDescription"] = Message(rule.Why),
        ["defaultConfiguration"] = new JsonObject { ["level"] = Level(rule) },
    };

    private static JsonNode Result(Finding finding) => new JsonObject
    {
        ["ruleId"] = finding.Rule.Id,
        ["level"] = Level(finding.Rule),
        ["message"] = Message(finding.Hint is null ? finding.Message : $"{finding.Message}; {finding.Hint}"),
        ["locations"] = new JsonArray(new JsonObject
        {
            ["physicalLocation"] = new JsonObject
            {
                ["artifactLocation"] = new JsonObject { ["uri"] = UriOf(finding.Place.File) },
                ["region"] = new JsonObject { ["startLine"] = finding.Place.Line, ["startColumn"] = finding.Place.Column },
            },
        }),
    };

    private static JsonObject Message(string text) => new() { ["text"] = text };

    private static string Level(Rule rule) => rule.Severity == Severity.Error ? "error" : "warning";

    /// <summary>A relative path stays relative, so that the reader of the report can place it in a repository.</summary>
    private static string UriOf(string file) => Path.IsPathRooted(file)
        ? new Uri(file).AbsoluteUri
        : string.Join('/', file.Split(Path.DirectorySeparatorChar, '/').Select(Uri.EscapeDataString));
}
