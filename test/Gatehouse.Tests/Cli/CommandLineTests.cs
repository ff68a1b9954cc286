using System.CommandLine;
using Gatehouse.Cli;
using Gatehouse.Hosting;

namespace Gatehouse.Tests.Cli;

public sealed class CommandLineTests
{
    private static readonly string[] Known = ["greet"];
    private static readonly GatewayOptions Gateway = new() { DeclarationPath = "gatehouse.yaml" };

    [Fact]
    public void Every_command_calls_itself_by_the_name_by_which_it_is_found() =>
        Assert.All(Gatehouse.Cli.Program.Commands(Gateway), c => Assert.Equal(c.Name, c.Make().Name));

    [Theory]
    [InlineData(1, "greet")]
    [InlineData(1, "greet", "--help")]
    [InlineData(2, "gret")]
    [InlineData(2, "--help")]
    [InlineData(2)]
    public async Task Only_the_command_that_is_named_is_made(int made, params string[] arguments)
    {
        var count = 0;
        NamedCommand[] commands = [new("other", () => Counted(new Command("other"))), new("greet", () => Counted(Greet()))];

        await CommandLine.For(arguments, commands).RunAsync(arguments, TextWriter.Null, TextWriter.Null);

        Assert.Equal(made, count);

        Command Counted(Command command)
        {
            count++;
            return command;
        }
    }

    [Theory]
    [InlineData("gret")]
    [InlineData("greet", "--loudly")]
    [InlineData("greet", "--name")]
    [InlineData("greet", "surplus")]
    [InlineData]
    public async Task Wrong_use_exits_with_2_and_says_where_help_is(params string[] arguments)
    {
        var run = await Runs.Async(Greet(), arguments);

        Assert.Equal(ExitCode.WrongUse, run.ExitCode);
        Assert.Contains("--help", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hello", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("did you mean 'greet'?", "gret")]
    [InlineData("did you mean '--name'?", "greet", "--nam", "x")]
    [InlineData("nothing may stand there", "greet", "surplus")]
    public async Task What_is_not_known_is_answered_with_the_nearest(string said, params string[] arguments) =>
        Assert.Contains(said, (await Runs.Async(Greet(), arguments)).Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("check", "-c", "")]
    [InlineData("check", "-c", " ")]
    [InlineData("inventory", "--config", "")]
    [InlineData("import", "openapi", "orders.yaml", "-o", "")]
    [InlineData("import", "openapi", "")]
    [InlineData("key", "init", "")]
    [InlineData("key", "list", "-c", "")]
    [InlineData("audit", "verify", "", "--key", "audit.pem")]
    [InlineData("audit", "verify", "audit.db", "--key", "")]
    [InlineData("audit", "prove", "--check", "", "--key", "audit.pem")]
    public async Task A_file_without_a_name_is_wrong_use(params string[] arguments)
    {
        using var error = new StringWriter();
        var exitCode = await CommandLine.For(arguments, CommandLine.AboutDeclarations(Gateway)).RunAsync(arguments, TextWriter.Null, error);
        Assert.Equal(ExitCode.WrongUse, exitCode);
        Assert.Contains("is empty, and an empty text names no file", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_is_not_wrong_use()
    {
        var run = await Runs.Async(Greet(), "greet", "--help");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Contains("Whom to greet.", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_argument_that_begins_with_an_at_sign_is_not_a_file_to_read()
    {
        var run = await Runs.Async(Greet(), "greet", "--name", "@/etc/hostname");

        Assert.Equal("hello @/etc/hostname", run.Output.Trim());
    }

    [Fact]
    public async Task The_exit_code_is_the_commands() => Assert.Equal(7, (await Runs.Async(Greet(exitCode: 7), Known)).ExitCode);

    private static Command Greet(int exitCode = 0)
    {
        var name = new Option<string>("--name") { Description = "Whom to greet.", DefaultValueFactory = _ => "you" };
        var command = new Command("greet", "Greets.") { name };
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.WriteLine($"hello {parsed.GetValue(name)}");
            return exitCode;
        });
        return command;
    }
}
