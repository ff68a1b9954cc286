using System.CommandLine;
using System.CommandLine.Invocation;
using Gatehouse.Cli.Commands;
using Gatehouse.Configuration;
using Gatehouse.Hosting;

namespace Gatehouse.Cli;

/// <summary>Parses the arguments and runs the command they name. What cannot be parsed is wrong use, never a guess.</summary>
internal sealed class CommandLine
{
    private readonly RootCommand _root = new("Gatehouse, an API gateway in which exposure is a declared decision.");

    public CommandLine(IEnumerable<Command> commands)
    {
        foreach (var command in commands) _root.Subcommands.Add(command);
    }

    /// <summary>
    /// With only the command that the arguments begin with, where they do: to make all commands would take a good part of the time in which a gateway
    /// starts.
    /// </summary>
    public static CommandLine For(string[] args, IReadOnlyList<NamedCommand> commands)
    {
        foreach (var command in commands)
            if (args is [var first, ..] && first == command.Name) return new CommandLine([command.Make()]);
        return new CommandLine(commands.Select(c => c.Make()));
    }

    /// <summary>The commands that a host of one's own has too, because they have to know its policies.</summary>
    public static IReadOnlyList<NamedCommand> AboutDeclarations(GatewayOptions gateway) =>
    [
        new("check", () => CheckCommand.Create(gateway)),
        new("inventory", () => InventoryCommand.Create(gateway)),
        new("schema", () => SchemaCommand.Create(gateway.Kinds)),
        new("key", () => KeyCommand.Create(gateway)),
        new("suspend", () => SuspendCommand.Suspend(gateway)),
        new("resume", () => SuspendCommand.Resume(gateway)),
        new("suspended", () => SuspendCommand.Suspended(gateway)),
        new("audit", () => AuditCommand.Create(gateway)),
        new("import", ImportCommand.Create),
    ];

    public async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        // "@file" is not expanded: an argument means what it says
        var parsed = _root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var invocation = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            ProcessTerminationTimeout = null, // the commands that run a gateway stop by themselves, in their own time
        };
        if (parsed.Action is not ParseErrorAction) return await parsed.InvokeAsync(invocation);
        await SayWhatIsWrongAsync(parsed, error);
        return ExitCode.WrongUse;
    }

    private static async Task SayWhatIsWrongAsync(ParseResult parsed, TextWriter error)
    {
        if (parsed.UnmatchedTokens is [var unknown, ..])
        {
            var command = parsed.CommandResult.Command;
            var known = unknown.StartsWith('-') ? command.Options.Where(o => !o.Hidden).Select(o => o.Name) : command.Subcommands.Select(c => c.Name);
            await error.WriteLineAsync($"'{Show.Bounded(unknown)}' is not known here; {Nearest.Hint(unknown, known) ?? "nothing may stand there"}");
        }
        else
        {
            foreach (var wrong in parsed.Errors) await error.WriteLineAsync(wrong.Message);
        }

        await error.WriteLineAsync($"See '{string.Join(' ', Named(parsed))} --help'.");
    }

    private static IEnumerable<string> Named(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var at = parsed.CommandResult; at.Parent is System.CommandLine.Parsing.CommandResult parent; at = parent) names.Push(at.Command.Name);
        return names.Prepend("gatehouse");
    }
}

/// <summary>A command that is made when it is needed.</summary>
/// <param name="Name">As it is written, and as the command calls itself.</param>
internal sealed record NamedCommand(string Name, Func<Command> Make);
