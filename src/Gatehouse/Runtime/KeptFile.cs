using System.Buffers;
using System.Text.Json;
using Gatehouse.Configuration;

namespace Gatehouse.Runtime;

/// <summary>One sealed file with everything that a declaration is read from, except what is withheld, as JSON.</summary>
internal sealed class KeptFile(string path, Secret key)
{
    public const int LeastKeyBytes = SealedFile.LeastKeyBytes;

    private readonly SealedFile _file = new(path, key, "gatehouse-last-good v1 ", 4L * SourceFiles.Largest);

    /// <summary>What is to be kept of a declaration.</summary>
    public static byte[] Write(string declaration, SourceFiles files)
    {
        var content = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(content))
        {
            json.WriteStartObject();
            json.WriteString("declaration", declaration);
            json.WriteStartObject("files");
            foreach (var (name, bytes) in files.Kept) json.WriteBase64String(name, bytes);
            json.WriteEndObject();
            json.WriteStartArray("withheld");
            foreach (var name in files.Withheld) json.WriteStringValue(name);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return content.WrittenSpan.ToArray();
    }

    /// <summary>Replaces the file in one step, readable by its owner only.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(byte[] content, DateTimeOffset provedAt) => _file.Save(content, provedAt);

    /// <summary>What was kept, if nobody has touched it; otherwise why it is not taken.</summary>
    public bool TryRead(out KeptContent kept, out string why)
    {
        kept = null!;
        if (!_file.TryRead(out var content, out var provedAt, out why)) return false;
        using var json = JsonDocument.Parse(content); // what is signed was written here
        var root = json.RootElement;
        kept = new KeptContent(
            root.GetProperty("declaration").GetString()!,
            provedAt,
            root.GetProperty("files").EnumerateObject().ToDictionary(f => f.Name, f => f.Value.GetBytesFromBase64(), StringComparer.Ordinal),
            root.GetProperty("withheld").EnumerateArray().Select(f => f.GetString()!).ToHashSet(StringComparer.Ordinal));
        return true;
    }
}

/// <summary>What such a file holds.</summary>
/// <param name="Declaration">Which declaration it is, and in which environment.</param>
/// <param name="Withheld">Files that belong to it and are not in it.</param>
internal sealed record KeptContent(
    string Declaration, DateTimeOffset ProvedAt, IReadOnlyDictionary<string, byte[]> Files, IReadOnlySet<string> Withheld);
