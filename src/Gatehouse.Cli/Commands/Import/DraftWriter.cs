using System.Text;
using Gatehouse.Contracts;

namespace Gatehouse.Cli.Commands.Import;

/// <summary>
/// Writes a draft as YAML that a person reads and completes. Everything from the document goes through <see cref="DraftText"/>; no
/// <c>undecided</c> is left out, because what is absent is easily overlooked.
/// </summary>
internal sealed class DraftWriter
{
    private const int CommentColumn = 34;

    private readonly StringBuilder _text = new();
    private readonly OpenApiDraft _draft;
    private readonly string _contractFile;
    private readonly string _upstream;

    private DraftWriter(OpenApiDraft draft, string contractFile)
    {
        (_draft, _contractFile) = (draft, contractFile);
        _upstream = DraftText.Name(draft.Contract.Title ?? "backend");
    }

    /// <param name="contractFile">The document, relative to where the draft will lie.</param>
    public static string Write(OpenApiDraft draft, string contractFile)
    {
        var writer = new DraftWriter(draft, contractFile);
        writer.Head();
        writer.Upstream();
        writer.Line("apis:");
        foreach (var group in draft.Groups) writer.Api(group);
        writer.LeftOut();
        return writer._text.ToString();
    }

    private void Head()
    {
        var title = DraftText.Line(_draft.Contract.Title ?? "");
        Line($"# A draft{(title.Length == 0 ? "" : $" for \"{title}\"")}, made by 'gatehouse import openapi'. It does not load yet.");
        Line("# A person has to decide whatever is 'undecided'; 'gatehouse check' lists it, each with its place. Keys that several routes share");
        Line("# stand in 'each' and may be written at a route too. The document knows nothing of them; 'effect' alone is guessed, from the method.");
        if (_draft.Contract.SecuritySchemes is { Count: > 0 } schemes)
            Line($"# The document lets callers identify themselves by: {DraftText.Line(string.Join(", ", schemes.Take(5)))}.");
        Line("gatehouse: v1");
        Line("gateway:");
        Undecided("  name", "what logs and metrics call this gateway");
        Undecided("  owner", "who answers for it");
        Undecided("  environment", "such as production or test");
        Line("");
        Line("listeners:");
        Line("  main:");
        Line("    address: \"127.0.0.1:8080\"");
        Undecided("    serves", "a list of exposures: [internal]");
        Line("administration: { address: \"127.0.0.1:9900\" }");
        Line("");
    }

    private void Upstream()
    {
        Line("upstreams:");
        Line($"  {_upstream}:");
        var servers = DraftText.Line(string.Join(", ", _draft.Contract.Servers.Take(5)));
        Undecided("    destinations", servers.Length == 0 ? "a list of the servers that answer: [\"https://10.0.3.1:5101\"]" : $"a list of the servers that answer; the document names {servers}");
        Line("");
    }

    private void Api(DraftGroup group)
    {
        Line($"  {group.Name}:");
        Line($"    contract: {DraftText.Scalar(_contractFile)}");
        Line($"    upstream: {_upstream}");
        Undecided("    owner", "who answers for these routes");
        Undecided("    purpose", "what they are for");
        Line("    each:");
        Undecided("      exposure", "public, partner, internal or administrative");
        Undecided("      personalData", "none, ordinary or special");
        Undecided("      access", "who may call: { consumers: [NAME], scopes: [SCOPE] }");
        Undecided("      limits", "at least one: [ { per: consumer, allow: 60, every: 1m } ]");
        Undecided("      consequence", "what follows if it goes wrong");
        Undecided("      backendChecks", "what the backend checks for itself: object, service or none");
        if (_draft.BasePath is { } basePath)
            Line($"      # request: {{ path: {{ add: {DraftText.Line(basePath)} }} }}   # the document's servers begin so; keep this if the backend's paths do");
        Line("    routes:");
        foreach (var route in group.Routes) Route(route);
        Line("");
    }

    private void Route(DraftRoute route)
    {
        var operation = route.Operation;
        var about = DraftText.Line((operation.Deprecated ? "Deprecated. " : "") + operation.Summary);
        if (about.Length > 0) Line($"      # {about}");
        Line($"      {route.Name}:");
        Line($"        match: {DraftText.Scalar($"{operation.Method} {operation.Template}")}");
        var (effect, guess) = GuessEffect(operation.Method);
        Noted($"        effect: {effect}", guess);
    }

    /// <summary>RFC 9110 section 9.2.1: what is safe only reads.</summary>
    private static (string Effect, string Guess) GuessEffect(string method) => method switch
    {
        "GET" or "HEAD" or "OPTIONS" or "QUERY" => ("read", $"a guess from {method}"),
        "DELETE" => ("write", "a guess from DELETE; 'action' if it cannot be undone"),
        _ => ("write", $"a guess from {method}; 'action' if it starts something outside the record, 'read' if it changes nothing"),
    };

    private void LeftOut()
    {
        if (_draft.Unsaid.Count == 0) return;
        Line("# Left out, because no route can say these:");
        foreach (var unsaid in _draft.Unsaid)
        {
            Line($"#   {DraftText.Line(unsaid.What)}");
            Line($"#     {DraftText.Line(unsaid.Why)}");
        }
    }

    private void Undecided(string key, string choices) => Noted($"{key}: undecided", choices);

    private void Noted(string line, string note) => Line($"{line.PadRight(CommentColumn)} # {note}");

    private void Line(string line) => _text.Append(line).Append('\n');
}
