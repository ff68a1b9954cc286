using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Audit;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>A record for a person's eyes. What is personal is kept back unless it was asked for.</summary>
internal static class RecordView
{
    private const string KeptBack = "kept back: --personal shows it";
    private const string Erased = "erased";
    private const string TakenOut = "taken out because its time was over";

    /// <summary>All of it; the digests of what is personal give way to the values, or to why there is none. Null where it is no record.</summary>
    public static JsonObject? ToJson(StoredRecord stored, bool withPersonal)
    {
        if (stored.Line is null)
            return new JsonObject { ["sequence"] = stored.Sequence, ["hash"] = Convert.ToHexStringLower(stored.Hash), ["content"] = TakenOut };
        if (RecordReader.Read(stored) is not { Record: var record } || Parse(stored.Line) is not { } json) return null;
        if (json.ContainsKey("person")) json["person"] = Value(record.Person, withPersonal);
        if (json.ContainsKey("client")) json["client"] = Value(record.Client?.ToString(), withPersonal);
        if (json.ContainsKey("about"))
        {
            var about = new JsonArray();
            foreach (var entry in record.About)
                about.Add((JsonNode)(withPersonal ? $"{entry.Name}: {entry.Hmac} under {entry.Key}" : $"{entry.Name}: {KeptBack}"));
            if (about.Count == 0) about.Add((JsonNode)Erased);
            json["about"] = about;
        }

        json["hash"] = Convert.ToHexStringLower(stored.Hash);
        return json;
    }

    /// <summary>One line of it: when, which, what, by whom, how it ended.</summary>
    public static string Line(StoredRecord stored, bool withPersonal)
    {
        if (stored.Line is null) return string.Create(CultureInfo.InvariantCulture, $"{stored.Sequence}  ({TakenOut})");
        if (RecordReader.Read(stored) is not { Record: var record })
            return string.Create(CultureInfo.InvariantCulture, $"{stored.Sequence}  (no record)");
        string?[] parts =
        [
            record.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            record.Instance,
            record.Sequence.ToString(CultureInfo.InvariantCulture),
            AuditWords.Of(record.Kind),
            AuditWords.Of(record.Decided()),
            record.Outcome == AuditOutcome.None ? null : AuditWords.Of(record.Outcome),
            record.Method,
            record.Route ?? record.Path,
            record.Consumer,
            record.Status == 0 ? null : record.Status.ToString(CultureInfo.InvariantCulture),
            record.Problem,
            record.Who is { } who ? $"by {who}" : null,
            record.Reason,
            (record.RequestId ?? record.Intent) is { } request ? $"request={request}" : null,
            withPersonal && record.Person is { } person ? $"person={person}" : null,
            withPersonal && record.Client is { } client ? $"client={client}" : null,
        ];
        return Safe(string.Join("  ", parts.Where(p => p is not null)));
    }

    /// <summary>Nothing that came from outside drives a terminal.</summary>
    private static string Safe(string text) => string.Concat(text.Select(c => c is >= ' ' and <= '~' or '…' ? c : '?'));

    private static string Value(string? value, bool isShown) => value is null ? Erased : isShown ? value : KeptBack;

    private static JsonObject? Parse(byte[] line)
    {
        try
        {
            return JsonNode.Parse(LoneHalves.Replace(line).Span) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
