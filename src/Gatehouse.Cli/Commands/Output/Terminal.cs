using Spectre.Console;

namespace Gatehouse.Cli.Commands.Output;

/// <summary>Colour and drawn tables, for a person who looks at a terminal. Files and pipes get plain text.</summary>
internal static class Terminal
{
    /// <summary>The terminal behind this writer, or null when there is none.</summary>
    public static IAnsiConsole? For(TextWriter output) =>
        ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected
            ? AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) })
            : null;
}
