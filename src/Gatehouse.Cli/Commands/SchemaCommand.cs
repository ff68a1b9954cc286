using System.CommandLine;
using Gatehouse.Cli.Commands.Output;
using Gatehouse.Declaration;
using Gatehouse.Pipeline;

namespace Gatehouse.Cli.Commands;

/// <summary><c>gatehouse schema</c>: the JSON Schema of the declaration, by which editors complete and check it.</summary>
internal static class SchemaCommand
{
    /// <param name="kinds">The second part of the catalogue.</param>
    public static Command Create(IReadOnlyList<RoutePolicyKind> kinds)
    {
        var of = new Option<string>("--of") { Description = "What it describes.", DefaultValueFactory = _ => "declaration" };
        of.AcceptOnlyFromAmong("declaration", "environment");
        var command = new Command(
            "schema",
            "Prints the JSON Schema (2020-12) of the declaration, or of an environment, for editors: '# yaml-language-server: $schema=FILE' as its first line.")
        {
            of,
        };
        command.SetAction(parsed => Listing.WriteJson(
            parsed.GetValue(of) == "environment" ? DeclarationSchema.EnvironmentDocument(kinds) : DeclarationSchema.Document(kinds),
            parsed.InvocationConfiguration.Output));
        return command;
    }
}
