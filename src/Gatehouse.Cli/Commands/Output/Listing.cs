using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Gatehouse.Cli.Commands.Output;

/// <summary>Rows under named columns, printed in the form that was asked for.</summary>
internal sealed class Listing(IReadOnlyList<string> columns, IReadOnlyList<Listing.Row> rows)
{
    public static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IReadOnlyList<string> Forms { get; } = ["table", "json", "csv", "markdown"];

    public void Write(string form, TextWriter output)
    {
        switch (form)
        {
            case "json":
                WriteJson(output);
                break;
            case "csv":
                output.WriteLine(string.Join(',', columns));
                foreach (var row in rows) output.WriteLine(string.Join(',', row.Cells.Select(c => Csv(TextOf(c)))));
                break;
            case "markdown":
                output.WriteLine($"| {string.Join(" | ", columns)} |");
                output.WriteLine($"|{string.Concat(Enumerable.Repeat("---|", columns.Count))}");
                foreach (var row in rows) output.WriteLine($"| {string.Join(" | ", row.Cells.Select(c => Markdown(TextOf(c))))} |");
                break;
            default:
                WriteTable(output);
                break;
        }
    }

    /// <summary>Prints a JSON value so that people can read it.</summary>
    public static void WriteJson(JsonNode value, TextWriter output)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Indented)) value.WriteTo(json);
        output.WriteLine(Visible.Of(System.Text.Encoding.UTF8.GetString(bytes.ToArray()), lines: true)); // what is hidden stands in strings only
    }

    private void WriteJson(TextWriter output)
    {
        var list = new JsonArray();
        foreach (var row in rows)
        {
            var entry = new JsonObject();
            for (var i = 0; i < columns.Count; i++) entry[columns[i]] = row.Cells[i]?.DeepClone();
            list.Add((JsonNode)entry);
        }

        WriteJson(list, output);
    }

    private void WriteTable(TextWriter output)
    {
        if (Terminal.For(output) is { } terminal)
        {
            var table = new Table().Border(TableBorder.Rounded);
            foreach (var column in columns) table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))));
            foreach (var row in rows) table.AddRow(row.Cells.Select(c => new Text(Visible.Of(TextOf(c), lines: true))));
            terminal.Write(table);
            return;
        }

        string[][] shown = [.. rows.Select(r => r.Cells.Select(c => Visible.Of(TextOf(c), lines: true)).ToArray())];
        var widths = columns.Select((name, i) => shown.Select(r => r[i].Length).Append(name.Length).Max()).ToArray();
        output.WriteLine(Aligned(columns, widths));
        foreach (var row in shown) output.WriteLine(Aligned(row, widths));
    }

    private static string Aligned(IReadOnlyList<string> cells, int[] widths) =>
        string.Join("  ", cells.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd();

    private static string TextOf(JsonNode? cell) => cell switch
    {
        null => "",
        JsonArray list => string.Join("; ", list.Select(TextOf)),
        _ => cell.ToString(),
    };

    /// <summary>A cell by RFC 4180; what a spreadsheet would run as a formula is made text, and what cannot be seen is written out.</summary>
    public static string Csv(string text)
    {
        text = Visible.Of(text, lines: true);
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '＝' or '＋' or '－' or '＠') text = "'" + text;
        return text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    private static string Markdown(string text) => Visible.Of(text, lines: true)
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).ReplaceLineEndings(" ");

    /// <summary>One row: a text, a number, a flag or a list of texts for each column, or null for nothing.</summary>
    public sealed class Row(params JsonNode?[] cells)
    {
        public IReadOnlyList<JsonNode?> Cells { get; } = cells;
    }
}
