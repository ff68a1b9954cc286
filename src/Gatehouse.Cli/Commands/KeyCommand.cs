using System.CommandLine;
using Gatehouse.Cli.Commands.Keys;
using Gatehouse.Hosting;

namespace Gatehouse.Cli.Commands;

/// <summary>
/// <c>gatehouse key</c>: makes API keys. A key is shown once; what the declaration or the register keeps is a keyed hash, from which no key
/// can be recovered.
/// </summary>
internal static class KeyCommand
{
    public static Command Create(GatewayOptions gateway) => new("key", "Makes, lists, replaces and revokes API keys.")
    {
        KeyInitCommand.Create(),
        KeyCreateCommand.Create(gateway),
        KeyListCommand.Create(gateway),
        KeyRotateCommand.Create(gateway),
        KeyRevokeCommand.Create(gateway),
    };
}
