using System.CommandLine;
using Gatehouse.Configuration;
using Gatehouse.Inventory;

namespace Gatehouse.Cli.Commands.Inventory;

/// <summary><c>--columns</c>: which columns, in which order. A table shows a few unless somebody asks for more; the other forms show all.</summary>
internal sealed class ColumnsOption
{
    private const string Every = "all";

    public Option<string[]> Option { get; } = CommaOption.Create("--columns", "The columns, in this order, or 'all'. Without it a table has the most important ones, and every other form has all.", "NAMES",
        name => name == Every || InventoryColumns.All.Any(c => c.Name == name) ? null
            : $"there is no column '{Show.Bounded(name)}'; {Nearest.Hint(name, InventoryColumns.All.Select(c => c.Name)) ?? "docs/reference/inventory.md lists them"}");

    public IReadOnlyList<InventoryColumn> Of(ParseResult parsed, bool isTable)
    {
        var names = parsed.GetValue(Option) ?? [];
        if (names.Contains(Every)) return InventoryColumns.All;
        if (names.Length > 0) return [.. names.Distinct().Select(n => InventoryColumns.All.First(c => c.Name == n))];
        return isTable ? [.. InventoryColumns.All.Where(c => c.Short)] : InventoryColumns.All;
    }
}
