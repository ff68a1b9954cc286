using System.CommandLine;
using Gatehouse.Cli.Commands.Inventory;
using Gatehouse.Cli.Commands.Output;
using Gatehouse.Configuration;
using Gatehouse.Hosting;
using Gatehouse.Inventory;
using Gatehouse.Pipeline;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;

namespace Gatehouse.Cli.Commands;

/// <summary><c>gatehouse inventory</c>: every route with all its decisions, read from the snapshot that <c>run</c> would serve.</summary>
internal static class InventoryCommand
{
    public static Command Create(GatewayOptions gateway)
    {
        var declaration = SharedOptions.Declaration(gateway.DeclarationPath);
        var environment = SharedOptions.Environment();
        var output = SharedOptions.Output([.. Listing.Forms]);
        var columns = new ColumnsOption();
        var filters = new FilterOptions();
        var command = new Command(
            "inventory",
            "Lists every route with who may call it, what it does, who owns it and what guards it. Filters narrow the list; of several values any counts, as in --effect write,action.")
        {
            declaration, environment, output, columns.Option,
        };
        foreach (var option in filters.All) command.Add(option);
        command.SetAction(parsed =>
        {
            var (result, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (Read(parsed.GetRequiredValue(declaration), parsed.GetValue(environment), gateway, error) is not { } entries) return ExitCode.Failed;
            if (filters.Fault(parsed, entries.Snapshot) is { } fault)
            {
                error.WriteLine(fault);
                return ExitCode.WrongUse;
            }

            var form = parsed.GetRequiredValue(output);
            var filter = filters.Of(parsed);
            var shown = columns.Of(parsed, isTable: form == "table");
            List<RouteEntry> taken = [.. entries.Routes.Where(filter.Takes)];
            new Listing(
                [.. shown.Select(c => c.Name)],
                [.. taken.Select(e => new Listing.Row([.. shown.Select(c => c.Value(e))]))]).Write(form, result);
            error.WriteLine($"{taken.Count} of {entries.Routes.Count} routes");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>What would be served, or null; then it has been said what is wrong.</summary>
    private static Served? Read(string file, string? environment, GatewayOptions gateway, TextWriter error)
    {
        if (ServableDeclaration.Read(file, environment, gateway, "there is nothing to list", error) is not { } definition) return null;
        using var meter = new GatehouseMeter();
        var snapshot = new SnapshotCompiler(gateway.Clock, new StateStore(), new NoLines(), meter, gateway.Kinds).Compile(definition, revision: 1);
        return new Served(snapshot, RouteInventory.Of(snapshot, gateway.Clock.GetUtcNow()));
    }

    private sealed record Served(GatewaySnapshot Snapshot, IReadOnlyList<RouteEntry> Routes);
}
