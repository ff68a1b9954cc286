using System.Text.Json;
using Gatehouse.Cli.Commands.Output;

namespace Gatehouse.Tests.Cli;

public sealed class ListingTests
{
    private static readonly Listing Two = new(["name", "count", "note"], [new("a", 1, "plain"), new("b", 20, null)]);

    [Fact]
    public void A_table_that_nobody_looks_at_is_aligned_text() => Assert.Equal(
        """
        name  count  note
        a     1      plain
        b     20

        """.ReplaceLineEndings("\n"), Write(Two, "table"));

    [Fact]
    public void Json_keeps_numbers_and_absences()
    {
        using var json = JsonDocument.Parse(Write(Two, "json"));

        Assert.Equal(20, json.RootElement[1].GetProperty("count").GetInt32());
        Assert.Equal(JsonValueKind.Null, json.RootElement[1].GetProperty("note").ValueKind);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"no\"", "\"say \"\"no\"\"\"")]
    [InlineData("two\nlines", "\"two\nlines\"")]
    [InlineData("=HYPERLINK(1)", "'=HYPERLINK(1)")]
    [InlineData("@SUM(1,2)", "\"'@SUM(1,2)\"")]
    public void Csv_is_quoted_and_runs_nothing_in_a_spreadsheet(string text, string expected) =>
        Assert.Equal($"x\n{expected}\n", Write(new Listing(["x"], [new(text)]), "csv"));

    [Theory]
    [InlineData("a|b", "a\\|b")]
    [InlineData("<script>", "&lt;script>")]
    [InlineData("two\nlines", "two lines")]
    public void Markdown_stays_one_cell(string text, string expected) =>
        Assert.Equal($"| x |\n|---|\n| {expected} |\n", Write(new Listing(["x"], [new(text)]), "markdown"));

    [Theory]
    [InlineData("table")]
    [InlineData("csv")]
    [InlineData("markdown")]
    [InlineData("json")]
    public void No_form_lets_a_value_drive_a_terminal_or_reorder_its_line(string form)
    {
        var written = Write(new Listing(["x"], [new("a\u001b[2Jb\u202ec\u0085d\u0000e\u007ff")]), form);

        Assert.DoesNotContain(written, c => c is '\u001b' or '\u202e' or '\u0085' or '\u0000' or '\u007f');
        Assert.Contains("u001b[2J", written, StringComparison.OrdinalIgnoreCase);
    }

    private static string Write(Listing listing, string form)
    {
        var output = new StringWriter { NewLine = "\n" };
        listing.Write(form, output);
        return output.ToString().ReplaceLineEndings("\n");
    }
}
