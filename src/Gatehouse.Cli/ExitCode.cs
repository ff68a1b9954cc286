namespace Gatehouse.Cli;

/// <summary>What the process tells its caller. Scripts rely on these numbers.</summary>
internal static class ExitCode
{
    /// <summary>All is well.</summary>
    public const int Done = 0;

    /// <summary>There are findings, or a check failed.</summary>
    public const int Failed = 1;

    /// <summary>The command was used wrongly: an unknown option, a value that cannot be.</summary>
    public const int WrongUse = 2;
}
