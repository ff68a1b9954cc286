using System.CommandLine;
using Gatehouse.Cli.Commands.Output;
using Gatehouse.Declaration;
using Gatehouse.Runtime;

namespace Gatehouse.Cli.Commands;

/// <summary><c>gatehouse schema</c>: the JSON Schema of the declaration, by which editors complete and check it.</summary>
internal static class SchemaCommand
{
    public static Command Create()
    {
        var of = new Option<string>("--of") { Description = "What it describes.", DefaultValueFactory = _ => "declaration" };
        of.AcceptOnlyFromAmong("declaration", "environment");
        var command = new Command("schema", "Prints the JSON Schema (2020-12) of the declaration, or of an environment, for editors: '# yaml-language-server: $schema=FILE' as its first line.") { of };
        command.SetAction(parsed => Listing.WriteJson(
            parsed.GetValue(of) == "environment" ? DeclarationSchema.EnvironmentDocument(PolicyCatalog.AfterRoute) : DeclarationSchema.Document(PolicyCatalog.AfterRoute),
            parsed.InvocationConfiguration.Output));
        return command;
    }
}
