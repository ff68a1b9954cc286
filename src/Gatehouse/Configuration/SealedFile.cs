using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Configuration;

/// <summary>
/// One file that only who has the key can have written. Its first line names its form, says when what it holds was last good, and carries an
/// HMAC-SHA256 over that and all that follows.
/// </summary>
/// <param name="form">What the first line begins with: the same key makes no file of another form.</param>
/// <param name="largest">Bytes of the largest file that is read.</param>
internal sealed class SealedFile(string path, Secret key, string form, long largest)
{
    public const int LeastKeyBytes = 32;

    private const string Time = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const string Mac = " hmac-sha256:";
    private readonly int _headLength = form.Length + Time.Replace("'", "", StringComparison.Ordinal).Length + Mac.Length
        + (2 * HMACSHA256.HashSizeInBytes) + 1;

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
            var begin = form + provedAt.UtcDateTime.ToString(Time, CultureInfo.InvariantCulture);
            file.Write(Encoding.ASCII.GetBytes($"{begin}{Mac}{Convert.ToHexStringLower(Sign(begin, content))}\n"));
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>What the file holds, if nobody has touched it; otherwise why it is not taken.</summary>
    public bool TryRead(out ReadOnlyMemory<byte> content, out DateTimeOffset provedAt, out string why)
    {
        (content, provedAt) = (default, default);
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (file.Length > largest || file.Length <= _headLength) return Fault("it is not of a length that is kept", out why);
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            content = bytes.AsMemory(_headLength);
            return TryReadHead(bytes, out provedAt, out why);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fault(e is FileNotFoundException or DirectoryNotFoundException ? "there is none" : "it cannot be read", out why);
        }
    }

    private bool TryReadHead(byte[] bytes, out DateTimeOffset provedAt, out string why)
    {
        provedAt = default;
        var head = Encoding.ASCII.GetString(bytes, 0, _headLength);
        var mac = head.Length - 1 - (2 * HMACSHA256.HashSizeInBytes);
        if (!head.StartsWith(form, StringComparison.Ordinal) || head[^1] != '\n' || head[(mac - Mac.Length)..mac] != Mac
            || !TryReadTime(head[form.Length..(mac - Mac.Length)], out provedAt))
            return Fault("it is not of a form that is known", out why);
        var signature = new byte[HMACSHA256.HashSizeInBytes];
        if (Convert.FromHexString(head.AsSpan(mac, 2 * signature.Length), signature, out _, out _) != OperationStatus.Done
            || !CryptographicOperations.FixedTimeEquals(signature, Sign(head[..(mac - Mac.Length)], bytes.AsSpan(_headLength))))
            return Fault("its signature is not good", out why);
        why = "";
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
