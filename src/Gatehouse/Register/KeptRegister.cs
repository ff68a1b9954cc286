using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Gatehouse.Configuration;

namespace Gatehouse.Register;

/// <summary>
/// What an instance knows, in a sealed file of its own: after a restart it knows the same, whether its store is there or not. Keys are in it by their
/// hashes only.
/// </summary>
internal sealed class KeptRegister
{
    private const long Largest = 64 * 1024 * 1024;

    private readonly SealedFile _file;
    private readonly string _gateway;

    public KeptRegister(RegisterSettings settings)
    {
        _gateway = settings.Gateway;
        // a key of its own, so that no file of another kind is taken for this one
        var key = HMACSHA256.HashData(settings.Pepper.Bytes, "gatehouse kept register, 1"u8);
        _file = new SealedFile(settings.Kept, new Secret("the pepper's", key), "gatehouse-register v1 ", Largest);
    }

    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(RegisterContent content, DateTimeOffset provedAt) => _file.Save(Write(content), provedAt);

    /// <summary>What was kept; null with the reason where that cannot be taken.</summary>
    public RegisterContent? Read(out DateTimeOffset provedAt, out string why)
    {
        if (!_file.TryRead(out var bytes, out provedAt, out why)) return null;
        using var json = JsonDocument.Parse(bytes); // what is signed was written here
        var root = json.RootElement;
        if (root.GetProperty("gateway").GetString() == _gateway)
            return new RegisterContent(
                new RegisterVersion(root.GetProperty("version").GetInt64(), root.GetProperty("epoch").GetInt64()),
                [.. root.GetProperty("keys").EnumerateArray().Select(ReadKey)],
                [.. root.GetProperty("suspensions").EnumerateArray().Select(ReadSuspension)]);
        why = "it is of another gateway or environment";
        return null;
    }

    private byte[] Write(RegisterContent content)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("gateway", _gateway);
            json.WriteNumber("version", content.Version.Number);
            json.WriteNumber("epoch", content.Version.Epoch);
            json.WriteStartArray("keys");
            foreach (var key in content.Keys) Write(json, key);
            json.WriteEndArray();
            json.WriteStartArray("suspensions");
            foreach (var suspension in content.Suspensions) Write(json, suspension);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, IssuedKey key)
    {
        json.WriteStartObject();
        json.WriteString("id", key.Id);
        json.WriteString("consumer", key.Consumer);
        json.WriteBase64String("hash", key.Hash);
        json.WriteNumber("created", key.Created.ToUnixTimeMilliseconds());
        json.WriteNumber("expires", key.Expires.ToUnixTimeMilliseconds());
        json.WriteString("by", key.By);
        json.WriteString("reason", key.Reason);
        Write(json, "revoked", key.Revoked);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Suspension suspension)
    {
        json.WriteStartObject();
        json.WriteString("kind", Suspension.Word(suspension.Kind));
        json.WriteString("name", suspension.Name);
        json.WriteNumber("since", suspension.Since.ToUnixTimeMilliseconds());
        if (suspension.Until is { } end) json.WriteNumber("until", end.ToUnixTimeMilliseconds());
        json.WriteString("by", suspension.By);
        json.WriteString("reason", suspension.Reason);
        Write(json, "resumed", suspension.Resumed);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, Ending? ending)
    {
        if (ending is null) return;
        json.WriteStartObject(name);
        json.WriteNumber("at", ending.At.ToUnixTimeMilliseconds());
        json.WriteString("by", ending.By);
        json.WriteString("reason", ending.Reason);
        json.WriteEndObject();
    }

    private static IssuedKey ReadKey(JsonElement key) => new(
        Text(key, "id"), Text(key, "consumer"), key.GetProperty("hash").GetBytesFromBase64(), Instant(key, "created"), Instant(key, "expires"))
    {
        By = Text(key, "by"),
        Reason = Text(key, "reason"),
        Revoked = ReadEnding(key, "revoked"),
    };

    private static Suspension ReadSuspension(JsonElement suspension) => new(
        Suspension.KindOf(Text(suspension, "kind"))!.Value,
        Text(suspension, "name"),
        Instant(suspension, "since"),
        suspension.TryGetProperty("until", out _) ? Instant(suspension, "until") : null,
        Text(suspension, "by"),
        Text(suspension, "reason"))
    {
        Resumed = ReadEnding(suspension, "resumed"),
    };

    private static Ending? ReadEnding(JsonElement of, string name) =>
        of.TryGetProperty(name, out var ending) ? new Ending(Instant(ending, "at"), Text(ending, "by"), Text(ending, "reason")) : null;

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!;

    private static DateTimeOffset Instant(JsonElement of, string name) => DateTimeOffset.FromUnixTimeMilliseconds(of.GetProperty(name).GetInt64());
}
