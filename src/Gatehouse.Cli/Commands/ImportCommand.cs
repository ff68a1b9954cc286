using System.CommandLine;
using Gatehouse.Cli.Commands.Import;

namespace Gatehouse.Cli.Commands;

/// <summary>
/// <c>gatehouse import</c>: drafts a declaration from what another program knows. What a person must decide is never guessed silently.
/// </summary>
internal static class ImportCommand
{
    public static Command Create() => new("import", "Writes a draft declaration, in which every decision that a person must take is 'undecided'.")
    {
        ImportOpenApiCommand.Create(),
    };
}
