namespace Gatehouse.Cli.Commands.Audit;

/// <summary>What was done to a trail.</summary>
/// <param name="Left">What was to be done and could not be; null for nothing.</param>
internal sealed record TrailChange(string Done, string? Left);
