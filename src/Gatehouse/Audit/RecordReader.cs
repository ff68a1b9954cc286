using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Gatehouse.Audit;

/// <summary>Reads the canonical form back. What it does not know it leaves out: a later version may say more.</summary>
internal static class RecordReader
{
    /// <summary>Bytes of a line, or of what is personal beside it.</summary>
    public const int LongestLine = 256 * 1024;

    /// <summary>As what is written here is read: not deep, and with no name twice.</summary>
    public static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    /// <summary>
    /// The record with what is personal, as far as that has not been erased or edited (<see cref="PersonalValues.Hold"/> says which); null where the
    /// line is no record.
    /// </summary>
    public static ReadRecord? Read(StoredRecord stored) => stored.Line is { } line ? Read(line, stored.Personal) : null;

    public static ReadRecord? Read(ReadOnlyMemory<byte> line, byte[]? personal)
    {
        if (line.Length > LongestLine) return null;
        using var beside = personal is null ? null : PersonalValues.Parse(personal);
        try
        {
            using var record = JsonDocument.Parse(LoneHalves.Replace(line), Strict);
            return Read(record.RootElement, beside?.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static ReadRecord? Read(JsonElement record, JsonElement? beside)
    {
        if (AuditWords.Kind(Text(record, "kind")) is not { } kind || Number(record, "v") != 1) return null;
        if (!DateTimeOffset.TryParseExact(Text(record, "time"), "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)) return null;
        var read = new AuditRecord
        {
            Kind = kind,
            Time = time,
            Instance = Text(record, "instance") ?? "",
            Sequence = Number(record, "sequence"),
            Decision = AuditWords.Decision(Text(record, "decision")),
            Outcome = AuditWords.Outcome(Text(record, "outcome")),
            RequestId = Text(record, "requestId"),
            TraceId = Text(record, "traceId"),
            Intent = Text(record, "intent"),
            Listener = Text(record, "listener"),
            Consumer = Text(record, "consumer"),
            ConsumerKind = Text(record, "consumerKind"),
            CredentialKind = Text(record, "credentialKind"),
            CredentialId = Text(record, "credentialId"),
            Person = Value(beside, "person"),
            Actor = Text(record, "actor"),
            Client = IPAddress.TryParse(Value(beside, "client"), out var client) ? client : null,
            Route = Text(record, "route"),
            Api = Text(record, "api"),
            Method = Text(record, "method"),
            Path = Text(record, "path"),
            Parameters = Text(record, "parameters"),
            About = About(beside),
            DecidedBy = Text(record, "decidedBy"),
            Problem = Text(record, "problem"),
            Status = (int)Number(record, "status"),
            Destination = Text(record, "destination"),
            Who = Text(record, "who"),
            Reason = Text(record, "reason"),
            First = Number(record, "first"),
            Last = Number(record, "last"),
            Details = Details(record),
            Revision = Number(record, "revision"),
            Fingerprint = Text(record, "fingerprint"),
        };
        return new ReadRecord(read, Text(record, "previous") ?? "", Digests(record, "person"), Digests(record, "client"), Digests(record, "about"));
    }

    private static string? Text(JsonElement of, string name) => of.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static long Number(JsonElement of, string name) => of.TryGetProperty(name, out var value) ? value.GetInt64() : 0;

    private static string? Value(JsonElement? beside, string name) =>
        beside is { } all && all.TryGetProperty(name, out var value) ? PersonalValues.TextOf(value) : null;

    private static string[] Digests(JsonElement record, string name)
    {
        if (!record.TryGetProperty(name, out var value)) return [];
        return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(Given)] : [Given(value)];
    }

    private static AboutEntry[] About(JsonElement? beside)
    {
        if (beside is not { } all || !all.TryGetProperty("about", out var list)) return [];
        return
        [
            .. from entry in list.EnumerateArray()
               let parts = PersonalValues.TextOf(entry)?.Split(':', 3)
               where parts?.Length == 3
               select new AboutEntry(parts[0], parts[1], parts[2]),
        ];
    }

    private static AuditDetail[] Details(JsonElement record) => record.TryGetProperty("details", out var list)
        ? [.. list.EnumerateArray().Select(d => d.GetArrayLength() >= 2 ? new AuditDetail(Given(d[0]), Given(d[1])) : throw new FormatException())]
        : [];

    private static string Given(JsonElement text) => text.GetString() ?? throw new FormatException();
}

/// <summary>A record as it was read.</summary>
/// <param name="Record">What it says, with its personal values as far as they are still there.</param>
/// <param name="Previous">The hash of the record before it, in hexadecimal.</param>
/// <param name="Person">The digest of the person, or nothing; likewise the others, in their order.</param>
internal sealed record ReadRecord(AuditRecord Record, string Previous, string[] Person, string[] Client, string[] About);
