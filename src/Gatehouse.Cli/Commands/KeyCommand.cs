using System.CommandLine;
using Gatehouse.Cli.Commands.Keys;

namespace Gatehouse.Cli.Commands;

/// <summary>
/// <c>gatehouse key</c>: makes API keys. A key is shown once; what the declaration keeps is a keyed hash, from which no key can be recovered.
/// </summary>
internal static class KeyCommand
{
    public static Command Create(TimeProvider clock) => new("key", "Makes, lists and revokes API keys.")
    {
        KeyInitCommand.Create(),
        KeyCreateCommand.Create(clock),
        KeyListCommand.Create(clock),
        KeyRevokeCommand.Create(clock),
    };
}
