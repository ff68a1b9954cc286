using Gatehouse.Configuration;
using Gatehouse.Declaration;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>A secret that the command line names, as the declaration would: <c>file:PATH</c> or <c>env:NAME</c>.</summary>
internal static class CommandSecret
{
    /// <summary>Null where it cannot be had; then it has been said why, and not what stood there.</summary>
    public static Secret? Read(string reference, string what, int leastBytes, TextWriter error)
    {
        var findings = new Findings();
        var place = new Place("the command line", 1, 1);
        var files = new NamedFiles(SourceFiles.OnDisk(), findings, DateTimeOffset.MinValue);
        var secret = SecretReference.Shape.TryRead(new ScalarNode(place, reference, true), findings, out var read)
            ? SecretReference.Resolve(new Located<string>(read, place), what, leastBytes, files)
            : null;
        if (secret is null)
            foreach (var finding in findings.InOrder()) error.WriteLine($"The {what} cannot be used: {finding.Message}{(finding.Hint is { } hint ? $"; {hint}" : "")}");
        return secret;
    }
}
