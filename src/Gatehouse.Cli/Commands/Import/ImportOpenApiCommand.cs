using System.CommandLine;
using Gatehouse.Configuration;
using Gatehouse.Contracts;

namespace Gatehouse.Cli.Commands.Import;

/// <summary>
/// <c>gatehouse import openapi FILE</c>: a route for each operation of an OpenAPI document. What cannot be a route is named, in the draft
/// and on standard error.
/// </summary>
internal static class ImportOpenApiCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The OpenAPI document: 3.0, 3.1 or 3.2, in JSON (a name that ends in .json) or YAML." }.OfFiles();
        var output = new Option<string?>("--output", "-o") { Description = "Where to write the draft, instead of standard output. A file that exists is not overwritten.", HelpName = "FILE" }.OfFiles();
        var command = new Command(
            "openapi",
            "Drafts a declaration from an OpenAPI document: a route for each operation, its effect guessed from the method.")
        {
            file,
            output,
        };
        command.SetAction(parsed =>
        {
            var error = parsed.InvocationConfiguration.Error;
            var (path, target) = (parsed.GetRequiredValue(file), parsed.GetValue(output));
            if (Read(path, error) is not { } contract) return ExitCode.Failed;
            var draft = OpenApiDraft.Of(contract);
            if (draft.Routes == 0 && draft.Unsaid.Count == 0)
            {
                error.WriteLine($"{Show.Bounded(path)} names no operation, so there is nothing to draft.");
                return ExitCode.Failed;
            }

            var text = DraftWriter.Write(draft, ContractSeenFrom(target, path));
            if (!TryWrite(text, target, parsed.InvocationConfiguration.Output, error)) return ExitCode.Failed;
            Say(draft, target, error);
            return ExitCode.Done;
        });
        return command;
    }

    private static Contract? Read(string path, TextWriter error)
    {
        var findings = new Findings();
        var files = SourceFiles.OnDisk();
        if (!files.TryRead(path, out var bytes, out var why))
        {
            error.WriteLine($"The document {Show.Bounded(path)} is needed, but {why}.");
            return null;
        }

        var contract = ContractReader.Read(path, bytes, findings);
        foreach (var finding in findings.InOrder()) error.WriteLine(finding.ToString());
        return contract;
    }

    /// <summary>A declaration names files relative to itself.</summary>
    private static string ContractSeenFrom(string? target, string path)
    {
        if (target is null) return path.Replace('\\', '/');
        var folder = Path.GetDirectoryName(Path.GetFullPath(target)) ?? "/";
        return Path.GetRelativePath(folder, Path.GetFullPath(path)).Replace('\\', '/');
    }

    private static bool TryWrite(string text, string? target, TextWriter output, TextWriter error)
    {
        if (target is null)
        {
            output.Write(text);
            return true;
        }

        try
        {
            using var stream = new FileStream(target, FileMode.CreateNew, FileAccess.Write);
            using var writer = new StreamWriter(stream);
            writer.Write(text);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            error.WriteLine($"The draft was not written: {e.Message}");
            return false;
        }
    }

    private static void Say(OpenApiDraft draft, string? target, TextWriter error)
    {
        foreach (var unsaid in draft.Unsaid) error.WriteLine($"left out: {DraftText.Line(unsaid.What)}: {DraftText.Line(unsaid.Why)}");
        if (draft.BasePath is { } basePath)
            error.WriteLine($"note: the document's servers put {DraftText.Line(basePath)} before every path, and the draft's routes do not; see 'request' in the draft.");
        var left = draft.Unsaid.Count == 0 ? "" : $", {draft.Unsaid.Count} left out";
        var routes = draft.Routes == 1 ? "1 route" : $"{draft.Routes} routes";
        var apis = draft.Groups.Count == 1 ? "1 api" : $"{draft.Groups.Count} apis";
        error.WriteLine($"{routes} in {apis}{left}. What is to be decided: gatehouse check -c {DraftText.Line(target ?? "DRAFT")}");
    }
}
