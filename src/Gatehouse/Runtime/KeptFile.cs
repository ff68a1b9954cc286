using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gatehouse.Configuration;

namespace Gatehouse.Runtime;

/// <summary>
/// One file with everything that a declaration is read from, except what is withheld. Its first line says when it was last good and carries an
/// HMAC-SHA256 over that and all that follows; the rest is JSON.
/// </summary>
internal sealed class KeptFile(string path, Secret key)
{
    public const int LeastKeyBytes = 32;

    private const string Form = "gatehouse-last-good v1 ";
    private const string Time = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const string Mac = " hmac-sha256:";
    private const long Largest = 4L * SourceFiles.Largest;
    private static readonly int HeadLength = Form.Length + Time.Replace("'", "", StringComparison.Ordinal).Length + Mac.Length
        + (2 * HMACSHA256.HashSizeInBytes) + 1;

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
    public void Save(byte[] content, DateTimeOffset provedAt)
    {
        var fresh = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.Delete(fresh); // one that is there already would keep its mode
        using (var file = new FileStream(fresh, options))
        {
            var begin = Form + provedAt.UtcDateTime.ToString(Time, CultureInfo.InvariantCulture);
            file.Write(Encoding.ASCII.GetBytes($"{begin}{Mac}{Convert.ToHexStringLower(Sign(begin, content))}\n"));
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>What was kept, if nobody has touched it; otherwise why it is not taken.</summary>
    public bool TryRead(out KeptContent kept, out string why)
    {
        kept = null!;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (file.Length > Largest || file.Length <= HeadLength) return Fault("it is not of a length that is kept", out why);
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return TryRead(bytes, out kept, out why);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fault(e is FileNotFoundException or DirectoryNotFoundException ? "there is none" : "it cannot be read", out why);
        }
    }

    private bool TryRead(byte[] bytes, out KeptContent kept, out string why)
    {
        kept = null!;
        var head = Encoding.ASCII.GetString(bytes, 0, HeadLength);
        var mac = head.Length - 1 - (2 * HMACSHA256.HashSizeInBytes);
        var content = bytes.AsSpan(HeadLength);
        if (!head.StartsWith(Form, StringComparison.Ordinal) || head[^1] != '\n' || head[(mac - Mac.Length)..mac] != Mac
            || !TryReadTime(head[Form.Length..(mac - Mac.Length)], out var provedAt))
            return Fault("it is not of a form that is known", out why);
        var signature = new byte[HMACSHA256.HashSizeInBytes];
        if (Convert.FromHexString(head.AsSpan(mac, 2 * signature.Length), signature, out _, out _) != OperationStatus.Done
            || !CryptographicOperations.FixedTimeEquals(signature, Sign(head[..(mac - Mac.Length)], content)))
            return Fault("its signature is not good", out why);
        why = "";
        using var json = JsonDocument.Parse(bytes.AsMemory(HeadLength)); // what is signed was written here
        var root = json.RootElement;
        kept = new KeptContent(
            root.GetProperty("declaration").GetString()!,
            provedAt,
            root.GetProperty("files").EnumerateObject().ToDictionary(f => f.Name, f => f.Value.GetBytesFromBase64(), StringComparer.Ordinal),
            root.GetProperty("withheld").EnumerateArray().Select(f => f.GetString()!).ToHashSet(StringComparer.Ordinal));
        return true;
    }

    private static bool TryReadTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParseExact(text, Time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);

    private static bool Fault(string fault, out string why)
    {
        why = fault;
        return false;
    }

    private byte[] Sign(string begin, ReadOnlySpan<byte> content)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key.Bytes);
        mac.AppendData(Encoding.ASCII.GetBytes(begin + "\n"));
        mac.AppendData(content);
        return mac.GetHashAndReset();
    }
}

/// <summary>What such a file holds.</summary>
/// <param name="Declaration">Which declaration it is, and in which environment.</param>
/// <param name="Withheld">Files that belong to it and are not in it.</param>
internal sealed record KeptContent(
    string Declaration, DateTimeOffset ProvedAt, IReadOnlyDictionary<string, byte[]> Files, IReadOnlySet<string> Withheld);
