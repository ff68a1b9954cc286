using System.Globalization;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Limits;

/// <summary>Compiles a quota that instances share: the same cells, with another ledger behind them.</summary>
internal static class SharedQuotas
{
    /// <param name="identity">What its cells belong to: the same in all instances.</param>
    public static CellTable CellsOf(Limit limit, string identity, CellBudget budget, CompileContext context)
    {
        var name = $"{identity} per {LimitKeys.Word(limit.Per)}";
        var store = context.Store;
        var kept = string.Create(CultureInfo.InvariantCulture,
            $"{name} {limit.Shared} {(limit.ReportOnly ? "reported " : "")}in {store?.Identity ?? "nothing"} and {context.QuotaFile}");
        var memory = LimitsKind.LedgerOf(context);
        var ledger = store is null ? null : context.State.Get("shared quotas", kept, () => new SharedLedger(store, context.Clock, memory));
        var book = new QuotaBook(ledger, name, limit.Form, context.Clock)
        {
            Sharing = limit.Shared!.Value,
            Instances = store?.Instances ?? 1,
            LeastAhead = limit.ReportOnly ? 1 : 0,
        };
        var cells = context.State.Get(LimitsKind.KindName, kept,
            () => new CellTable(budget, context.Clock, CellTable.Most, key => new QuotaCell(book, key), LimitsKind.LargePlaces));
        if (ledger is not null) ledger.Cells = cells;
        return cells;
    }
}
