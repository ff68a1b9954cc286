using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Gatehouse.Audit;

/// <summary>
/// A trail as lines of JSON: for each chain a line that names it, a line for each record with its canonical form as it is, and a line for each
/// checkpoint. The whole of it can be verified like the store that it came from.
/// </summary>
internal static class JsonLinesAudit
{
    /// <summary>The first field of the first line.</summary>
    public const string Form = "gatehouse-audit/1";

    /// <summary>What the first line says of personal values that were left out.</summary>
    private const string LeftOut = "left out";

    /// <param name="withPersonal">Whether what is personal comes with the records.</param>
    public static void Write(AuditChain chain, bool withPersonal, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("trail", Form);
        json.WriteString("chain", chain.Origin);
        json.WriteString("instance", chain.Instance);
        if (!withPersonal) json.WriteString("personal", LeftOut);
        json.WriteEndObject();
    }

    /// <param name="withPersonal">Whether what is personal is written too.</param>
    public static void Write(AuditChain chain, StoredRecord stored, bool withPersonal, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("chain", chain.Origin);
        json.WriteString("hash", Convert.ToHexStringLower(stored.Hash));
        json.WriteNumber("sequence", stored.Sequence);
        json.WriteNumber("time", stored.Time);
        Raw(json, "record", stored.Line);
        if (withPersonal) Raw(json, "personal", stored.Personal);
        json.WriteEndObject();
    }

    public static void Write(AuditChain chain, StoredCheckpoint checkpoint, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("chain", chain.Origin);
        json.WriteNumber("size", checkpoint.Size);
        json.WriteString("checkpoint", checkpoint.Note);
        json.WriteBase64String("frontier", checkpoint.Frontier);
        json.WriteNumber("openFrom", checkpoint.OpenFrom);
        json.WriteEndObject();
    }

    /// <summary>The bytes as they are, so that they still have their hash; what somebody has made something else of is written as a text.</summary>
    private static void Raw(Utf8JsonWriter json, string name, byte[]? value)
    {
        if (value is null) return;
        json.WritePropertyName(name);
        if (IsLineOfJson(value)) json.WriteRawValue(value, skipInputValidation: true);
        else json.WriteBase64StringValue(value);
    }

    private static bool IsLineOfJson(byte[] value)
    {
        if (value.AsSpan().ContainsAny((byte)'\n', (byte)'\r')) return false;
        try
        {
            using var parsed = JsonDocument.Parse(value);
            return parsed.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <summary>Reads an export: a file that nobody writes to.</summary>
internal sealed class JsonLinesAuditReader : AuditReader
{
    private const int LongestLine = 1 << 20;

    private readonly string _path;
    private readonly List<AuditChain> _chains = [];
    private bool _hasPersonal = true;

    private JsonLinesAuditReader(string path) => _path = path;

    /// <exception cref="InvalidDataException">It is no export.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static JsonLinesAuditReader Open(string path)
    {
        var reader = new JsonLinesAuditReader(path);
        foreach (var line in reader.Lines())
            if (Text(line, "trail") is { } form)
            {
                if (form != JsonLinesAudit.Form || Text(line, "chain") is not { } origin || Text(line, "instance") is not { } instance)
                    throw new InvalidDataException("it is of a form that this program does not know");
                reader._chains.Add(new AuditChain(reader._chains.Count + 1, instance, origin));
                if (Text(line, "personal") is not null) reader._hasPersonal = false;
            }

        return reader._chains.Count > 0 ? reader : throw new InvalidDataException("it is no export of a trail");
    }

    public override bool HasPersonal => _hasPersonal;

    public override bool ListsUnknown => false;

    public override IReadOnlyList<AuditChain> Chains() => _chains;

    public override IEnumerable<StoredRecord> Records(AuditChain chain, long from = 1)
    {
        foreach (var line in Of(chain))
            if (line.TryGetProperty("hash", out var hash) && Number(line, "sequence") is var sequence && sequence >= from)
                yield return new StoredRecord(sequence, Number(line, "time"), Hex(hash), Bytes(line, "record"), Bytes(line, "personal"));
    }

    public override long Last(AuditChain chain) => Records(chain).Select(r => r.Sequence).LastOrDefault();

    public override IEnumerable<StoredCheckpoint> Checkpoints(AuditChain chain)
    {
        foreach (var line in Of(chain))
            if (Text(line, "checkpoint") is { } note)
                yield return new StoredCheckpoint(Number(line, "size"), note, Bytes(line, "frontier") ?? [], Number(line, "openFrom"));
    }

    /// <summary>An export does not say which are closed; the records do.</summary>
    public override IReadOnlyList<UnknownIntent> Unknown() => [];

    public override void Dispose()
    {
    }

    private IEnumerable<JsonElement> Of(AuditChain chain) => Lines().Where(l => Text(l, "chain") == chain.Origin);

    /// <summary>Each line is valid until the next one is asked for.</summary>
    private IEnumerable<JsonElement> Lines()
    {
        using var text = File.OpenText(_path);
        while (text.ReadLine() is { } line)
        {
            if (line.Length == 0) continue;
            if (line.Length > LongestLine) throw new InvalidDataException("it has a line that is too long");
            using var parsed = Parse(line);
            yield return parsed.RootElement;
        }
    }

    private static JsonDocument Parse(string line)
    {
        try
        {
            var parsed = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            if (parsed.RootElement.ValueKind == JsonValueKind.Object) return parsed;
            parsed.Dispose();
        }
        catch (JsonException)
        {
            // said below
        }

        throw new InvalidDataException("it has a line that is no line of an export");
    }

    private static string? Text(JsonElement line, string name) =>
        line.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long Number(JsonElement line, string name) =>
        line.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : 0;

    private static byte[] Hex(JsonElement hash)
    {
        try
        {
            return Convert.FromHexString(hash.GetString() ?? "");
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            return [];
        }
    }

    private static byte[]? Bytes(JsonElement line, string name)
    {
        if (!line.TryGetProperty(name, out var value)) return null;
        if (value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out var bytes)) return bytes;
        return JsonMarshal.GetRawUtf8Value(value).ToArray();
    }
}
