using System.Text;
using System.Text.RegularExpressions;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Upstreams;

namespace Gatehouse.Tests.Tidy;

/// <summary>The reference pages say what the code says.</summary>
public sealed partial class ReferencePagesTests
{
    [Fact]
    public void Controls_page_lists_every_proved_control_with_its_tests()
    {
        var proofs = from file in SourceTree.CSharp()
                     where file.StartsWith("test", StringComparison.Ordinal)
                     from proof in Proofs(file)
                     orderby proof.Control.Split('-')[0], int.Parse(proof.Control.Split('-')[1]), proof.Test
                     select proof;
        var page = new StringBuilder("# Controls and the tests that prove them\n\n")
            .Append("Made from the tests' `[Control]` marks. A control that is not listed has no test yet. ")
            .Append("Where it is said which part a test shows, the rest of the\ncontrol has no test yet, or is still to be built.\n\n")
            .Append("| control | tests |\n|---|---|\n");
        foreach (var control in proofs.GroupBy(p => p.Control))
            page.Append("| ").Append(control.Key).Append(" | ").Append(string.Join("<br>", control.Select(p => p.Test).Distinct())).Append(" |\n");
        ReferencePage.Compare("controls.md", page.ToString());
    }

    [Fact]
    public void Controls_page_misses_no_mark()
    {
        foreach (var file in SourceTree.CSharp().Where(f => f.StartsWith("test", StringComparison.Ordinal)))
            Assert.Equal((file, Mark().Count(SourceTree.Read(file))), (file, Proofs(file).Count()));
    }

    [Fact]
    public void Problems_page_lists_every_refusal()
    {
        var page = new StringBuilder("# Problems\n\nEvery refusal is `application/problem+json` (RFC 9457) with `type`, `title`, `status` and `requestId`. The type is `urn:gatehouse:problem:` and the name. Those of a host's own policies begin with `custom/`.\n\n| name | status | title | whose fault | closes the connection |\n|---|---|---|---|---|\n");
        foreach (var p in Problems.All.OrderBy(p => p.Status).ThenBy(p => p.Name, StringComparer.Ordinal))
            page.Append($"| `{p.Name}` | {p.Status} | {p.Title} | {p.Source.ToString().ToLowerInvariant()} | {(p.Closes ? "yes" : "")} |\n");
        ReferencePage.Compare("problems.md", page.ToString());
    }

    [Fact]
    public void The_list_of_problems_is_complete()
    {
        var declared = typeof(Problems).GetFields().Select(f => f.GetValue(null)).OfType<Problem>().ToList();
        Assert.Equal(declared.OrderBy(p => p.Name, StringComparer.Ordinal), Problems.All.OrderBy(p => p.Name, StringComparer.Ordinal));
        Assert.Equal(declared.Count, declared.Select(p => p.Name).Distinct().Count());
    }

    [Fact]
    public void Answer_fields_page_lists_what_stays_behind()
    {
        var page = new StringBuilder("# Fields of answers that stay behind\n\n")
            .Append("A service's answer is written anew. These header fields of it never reach a client, on any route; all others do, as far as they name no ")
            .Append("server\ninside. A route that wants one sets it itself: `response: { headers: { set: { X-Generator: shop } } }`. Case does not matter.\n\n")
            .Append("| fields | names |\n|---|---|\n");
        foreach (var (what, names) in AnswerFields.StayingBehind)
            page.Append($"| {what} | {string.Join(", ", names.Order(StringComparer.OrdinalIgnoreCase).Select(n => $"`{n}`"))} |\n");
        page.Append("\nWhat an answer's own `Connection` field names stays behind too.\n");
        ReferencePage.Compare("answer-fields.md", page.ToString());
    }

    [Fact]
    public void Findings_page_lists_every_rule()
    {
        var page = new StringBuilder("# Findings\n\nWhat `gatehouse check` can say. An error keeps a declaration from loading; a warning does not.\n\n| rule | severity | asks | because | may be waived |\n|---|---|---|---|---|\n");
        foreach (var rule in typeof(Rules).GetFields().Select(f => f.GetValue(null)).OfType<Rule>().OrderBy(r => r.Id, StringComparer.Ordinal))
            page.Append($"| {rule.Id} | {(rule.Severity == Severity.Error ? "error" : "warning")} "
                + $"| {rule.Title} | {rule.Why} | {(rule.Waivable ? "yes" : "")} |\n");
        ReferencePage.Compare("findings.md", page.ToString());
    }

    [Fact]
    public void Access_log_page_lists_every_field()
    {
        string[] lines = ["AccessLine.cs", "HandshakeLine.cs", "ConnectionLine.cs"];
        var written = lines.SelectMany(f => FieldName().Matches(SourceTree.Read(Path.Combine("src", "Gatehouse", "Policies", "Record", f))))
            .Select(m => m.Groups[1].Value).Distinct().Order(StringComparer.Ordinal);
        var listed = FieldRow()
            .Matches(File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "reference", "access-log.md")))
            .Select(m => m.Groups[1].Value);
        Assert.Equal(written, listed.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<(string Control, string Test)> Proofs(string file)
    {
        var text = SourceTree.Read(file);
        var owner = Path.GetFileNameWithoutExtension(file);
        foreach (Match marked in Marked().Matches(text))
            foreach (Match id in ControlId().Matches(marked.Groups["attributes"].Value))
                yield return (
                    id.Groups["id"].Value,
                    $"{owner}.{marked.Groups["name"].Value}{(id.Groups["part"].Success ? $" ({id.Groups["part"].Value})" : "")}");
    }

    [GeneratedRegex("\"(\\w+)\"u8")]
    private static partial Regex FieldName();

    [GeneratedRegex(@"^\| `(\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex FieldRow();

    /// <summary>The attributes before a class or a method, and its name.</summary>
    [GeneratedRegex(@"(?<attributes>(^[ \t]*\[[^\r\n]*\][ \t]*(//[^\r\n]*)?\r?\n)+)[ \t]*(public|internal)[^\r\n(]*?\b(?<name>\w+)(\(|\s*$|\s*:)", RegexOptions.Multiline)]
    private static partial Regex Marked();

    [GeneratedRegex(@"Control\(""(?<id>[A-Z]+-\d+)""(, ""(?<part>[^""|]+)"")?\)")]
    private static partial Regex ControlId();

    [GeneratedRegex(@"^[ \t]*\[Control\(", RegexOptions.Multiline)]
    private static partial Regex Mark();
}
