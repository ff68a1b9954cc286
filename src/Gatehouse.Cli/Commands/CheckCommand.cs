using System.CommandLine;
using Gatehouse.Cli.Commands.Output;
using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands;

/// <summary><c>gatehouse check</c>: reads a declaration exactly as <c>run</c> does and says everything that is wrong with it, at once.</summary>
internal static class CheckCommand
{
    /// <param name="gateway">The clock, the second part of the catalogue, and the declaration when none is named.</param>
    public static Command Create(GatewayOptions gateway)
    {
        var declaration = SharedOptions.Declaration(gateway.DeclarationPath);
        var environment = SharedOptions.Environment();
        var output = SharedOptions.Output([.. FindingForms.All]);
        var command = new Command(
            "check",
            "Reads a declaration and reports every finding: where, which rule, why it matters, how to mend it. Exits 1 when there is an error.")
        {
            declaration,
            environment,
            output,
        };
        command.SetAction(parsed =>
        {
            var (file, form, console) = (parsed.GetRequiredValue(declaration), parsed.GetRequiredValue(output), parsed.InvocationConfiguration);
            var loaded = ServableDeclaration.Load(file, parsed.GetValue(environment), gateway);
            var report = new FindingReport(file, loaded);
            FindingForms.Write(form, report, console.Output);
            if (form != FindingForms.Table && report.LeftOut is { } leftOut) console.Error.WriteLine(leftOut); // the other forms have no summary
            return loaded.Definition is null ? ExitCode.Failed : ExitCode.Done;
        });
        return command;
    }
}
