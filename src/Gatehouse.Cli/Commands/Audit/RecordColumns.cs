using System.Globalization;
using System.Text.Json.Nodes;
using Gatehouse.Audit;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>What is shown of a record that was found, a column each.</summary>
/// <param name="Short">Whether a table has it.</param>
internal sealed record RecordColumn(string Name, bool Short, Func<FoundRecord, Subjects, bool, JsonNode?> Value);

/// <summary>The columns in which records are listed and exported.</summary>
internal static class RecordColumns
{
    private const string Erased = "(erased)";
    private const string KeptBack = "(kept back)";

    public static IReadOnlyList<RecordColumn> All { get; } =
    [
        new("time", true, (f, _, _) => f.Record.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)),
        new("instance", false, (f, _, _) => f.Record.Instance),
        new("sequence", true, (f, _, _) => f.Record.Sequence),
        new("kind", true, (f, _, _) => AuditWords.Of(f.Record.Kind)),
        Text("consumer", true, f => f.Record.Consumer ?? f.Intent?.Record.Consumer),
        Text("consumerKind", true, f => f.Record.ConsumerKind ?? f.Intent?.Record.ConsumerKind),
        Text("credentialKind", false, f => f.Record.CredentialKind),
        Text("credentialId", false, f => f.Record.CredentialId),
        new("person", true, (f, s, personal) => Personal(f.Person is { } person ? s.NameOf(person) : null, Has(f, r => r.Person), personal)),
        Text("actor", false, f => f.Record.Actor ?? f.Intent?.Record.Actor),
        new("client", false, (f, _, personal) => Personal((f.Record.Client ?? f.Intent?.Record.Client)?.ToString(), Has(f, r => r.Client), personal)),
        new("about", true, (f, s, personal) => About(f, s, personal)),
        Text("route", true, f => f.Record.Route ?? f.Intent?.Record.Route),
        Text("method", true, f => f.Record.Method),
        Text("path", false, f => f.Record.Path),
        Text("parameters", false, f => f.Record.Parameters ?? f.Intent?.Record.Parameters),
        Text("decision", true, f => AuditWords.Of(f.Record.Decided())),
        Text("outcome", true, f => f.Record.Outcome == AuditOutcome.None ? null : AuditWords.Of(f.Record.Outcome)),
        new("status", true, (f, _, _) => f.Record.Status == 0 ? null : f.Record.Status),
        Text("problem", true, f => f.Record.Problem),
        Text("decidedBy", false, f => f.Record.DecidedBy),
        Text("reason", false, f => f.Record.Reason),
        Text("destination", false, f => f.Record.Destination),
        Text("who", true, f => f.Record.Who),
        Text("act", true, f => f.Record.Kind == AuditKind.Administration ? $"{DetailOf(f, "act")} {DetailOf(f, "subject")}".Trim() : null),
        new("first", false, (f, _, _) => f.Record.First == 0 ? null : f.Record.First),
        new("last", false, (f, _, _) => f.Record.Last == 0 ? null : f.Record.Last),
        new("details", false, (f, _, _) => f.Record.Details.Count == 0 ? null : List(f.Record.Details.Select(d => $"{d.Name}={d.Value}"))),
        Text("listener", false, f => f.Record.Listener ?? f.Intent?.Record.Listener),
        new("revision", false, (f, _, _) => f.Record.Revision == 0 ? null : f.Record.Revision),
        Text("fingerprint", false, f => f.Record.Fingerprint),
        Text("requestId", true, f => f.Record.RequestId ?? f.Record.Intent),
        Text("traceId", false, f => f.Record.TraceId),
        Text("hash", false, f => Convert.ToHexStringLower(f.Stored.Hash)),
    ];

    public static IReadOnlyList<RecordColumn> Short { get; } = [.. All.Where(c => c.Short)];

    private static RecordColumn Text(string name, bool isShort, Func<FoundRecord, string?> value) => new(name, isShort, (f, _, _) => value(f));

    /// <summary>Whether there ever was one.</summary>
    private static bool Has(FoundRecord found, Func<ReadRecord, string[]> digests) =>
        digests(found.Read).Length > 0 || (found.Intent is { } intent && digests(intent).Length > 0);

    private static JsonNode? Personal(string? value, bool had, bool personal) => !had ? null : !personal ? KeptBack : value ?? Erased;

    private static JsonNode? About(FoundRecord found, Subjects subjects, bool personal)
    {
        if (!Has(found, r => r.About)) return null;
        if (!personal) return KeptBack;
        return found.About.Count == 0 ? Erased : List(found.About.Select(a => subjects.NameOf(RecordWriter.Join(a))));
    }

    private static string? DetailOf(FoundRecord found, string name) => found.Record.Details.FirstOrDefault(d => d.Name == name)?.Value;

    private static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);
}
