using System.Buffers;
using System.Text.Json;
using Gatehouse.Pipeline;

namespace Gatehouse.Admin;

/// <summary>What became of one exchange, by its id: from what this instance remembers, and as far back as that goes.</summary>
internal sealed class ExplainPage(PastExchanges past)
{
    public const string Prefix = "/explain/";
    private const int LongestText = 256;

    /// <summary>The exchange as JSON; null where it is not remembered.</summary>
    public byte[]? Find(UInt128 id)
    {
        if (!past.TryFind(id, out var found)) return null;
        var exchange = found;
        return Json(json => Write(json, exchange));
    }

    /// <summary>Says how far back what is remembered goes.</summary>
    public byte[] Unknown() => Json(json =>
    {
        var (refused, served) = past.Since();
        json.WriteString("type", Problems.NotFound.Type);
        json.WriteString("title", "No exchange of this id is remembered.");
        json.WriteNumber("status", Problems.NotFound.Status);
        json.WriteNumber("longestSeconds", (long)past.Longest.TotalSeconds);
        if (refused is { } r) json.WriteString("refusalsSince", r);
        if (served is { } s) json.WriteString("othersSince", s);
    });

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, in PastExchange found)
    {
        json.WriteString("ended", new DateTimeOffset(found.EndedAt, TimeSpan.Zero));
        json.WriteString("listener", found.Listener);
        json.WriteString("protocol", found.Protocol);
        json.WriteString("method", found.Method);
        Text(json, "route", found.Route);
        Text(json, "path", found.Path);
        json.WriteNumber("status", found.Status);
        Text(json, "problem", found.Problem);
        Text(json, "reason", found.Reason);
        Text(json, "decidedBy", found.DecidedBy);
        Text(json, "failure", found.Failure);
        Text(json, "consumer", found.Consumer);
        Text(json, "credentialKind", found.CredentialKind);
        Text(json, "credentialId", found.CredentialId);
        WriteDecisions(json, found);
        WriteLimit(json, found);
        WriteForward(json, found);
        Milliseconds(json, "ms", found.Total);
        json.WriteNumber("revision", found.Revision);
    }

    private static void WriteDecisions(Utf8JsonWriter json, in PastExchange found)
    {
        json.WriteStartArray("decisions");
        Walked(json, found.Before, found.EnteredBefore, found);
        Walked(json, found.After, found.EnteredAfter, found);
        json.WriteEndArray();
    }

    private static void Walked(Utf8JsonWriter json, string[] names, int entered, in PastExchange found)
    {
        for (var i = 0; i < entered && i < names.Length; i++)
        {
            json.WriteStartObject();
            json.WriteString("policy", names[i]);
            var isIt = names[i] == found.DecidedBy;
            json.WriteString("verdict", !isIt ? "continue" : found.Problem is null ? "answered" : "refused");
            json.WriteEndObject();
        }
    }

    private static void WriteLimit(Utf8JsonWriter json, in PastExchange found)
    {
        if (found.Limits is { Length: > 0 }) Text(json, "limits", found.Limits);
        Text(json, "limitReported", found.ReportedLimit);
        if (found.Limit.Name is null) return;
        json.WriteStartObject("limit");
        Text(json, "name", found.Limit.Name);
        json.WriteNumber("remaining", found.Limit.Remaining);
        json.WriteNumber("resetSeconds", found.Limit.ResetSeconds);
        json.WriteEndObject();
    }

    private static void WriteForward(Utf8JsonWriter json, in PastExchange found)
    {
        Text(json, "upstream", found.Upstream);
        if (found.Destination is null) return;
        Text(json, "destination", found.Destination);
        json.WriteNumber("attempts", found.Attempts);
        if (found.UpstreamStatus != 0) json.WriteNumber("upstreamStatus", found.UpstreamStatus);
        Milliseconds(json, "untilForwardingMs", found.UntilForwarding);
        Milliseconds(json, "upstreamHeadMs", found.UpstreamHead);
        Milliseconds(json, "upstreamMs", found.UpstreamWhole);
    }

    private static void Text(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null) json.WriteString(name, text.Length > LongestText ? text.AsSpan(0, LongestText) : text);
    }

    private static void Milliseconds(Utf8JsonWriter json, string name, TimeSpan time)
    {
        if (time >= TimeSpan.Zero) json.WriteNumber(name, Math.Round(time.TotalMilliseconds, 3));
    }
}
