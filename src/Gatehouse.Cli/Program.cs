using Gatehouse.Cli;
using Gatehouse.Cli.Commands;

RuntimeSettings.Apply(Environment.GetEnvironmentVariable, Environment.SetEnvironmentVariable); // first: they count only before the first socket

var clock = TimeProvider.System;
return await new CommandLine(
[
    DemoCommand.Create(clock),
    RunCommand.Create(clock),
    CheckCommand.Create(clock),
    SchemaCommand.Create(),
    KeyCommand.Create(clock),
    ImportCommand.Create(),
]).RunAsync(args, Console.Out, Console.Error);
