using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Gatehouse.Audit;

/// <summary>
/// How large a chain's tree was and what its root was (C2SP tlog-checkpoint), with the time as an extension line.
/// </summary>
internal sealed record Checkpoint(string Origin, long Size, byte[] Root, DateTimeOffset Time)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    private const string TimeName = "time ";
    private const int LongestNote = 16 * 1024;
    private const int MostSignatures = 16;

    /// <summary>The note that is signed.</summary>
    public string Text => string.Create(CultureInfo.InvariantCulture,
        $"{Origin}\n{Size}\n{Convert.ToBase64String(Root)}\n{TimeName}{Time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}\n");

    public string Sign(CheckpointKey key) => key.Sign(Origin, Text);

    /// <summary>A note, whoever has signed it; null where it is none.</summary>
    public static SignedCheckpoint? Read(string note)
    {
        if (note.Length > LongestNote || note.LastIndexOf("\n\n", StringComparison.Ordinal) is not (> 0 and var end)) return null;
        var text = note[..(end + 1)];
        var lines = text.Split('\n');
        if (lines.Length < 4 || lines[0].Length == 0 || !TryReadSize(lines[1], out var size) || !TryRead64(lines[2], out var root)
            || root.Length != MerkleHash.Length)
            return null;
        var time = DateTimeOffset.MinValue;
        foreach (var line in lines.Skip(3))
        {
            if (!line.StartsWith(TimeName, StringComparison.Ordinal)) continue;
            if (!DateTimeOffset.TryParseExact(line[TimeName.Length..], TimeFormat, CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time)) return null;
        }

        var signatures = Signatures(note[(end + 2)..]);
        return signatures is null ? null : new SignedCheckpoint(new Checkpoint(lines[0], size, root, time), text, signatures, note);
    }

    /// <summary>
    /// All notes of a text in which they stand one after the other with an empty line between. What is cut off at its end is left out.
    /// </summary>
    /// <exception cref="IOException">It is no such text.</exception>
    public static IEnumerable<string> Notes(TextReader text)
    {
        var note = new StringBuilder();
        var isLineBegun = false;
        while (true)
        {
            var read = text.Read();
            if (!isLineBegun && read is '\n' or -1 && note.ToString().Contains("\n\n— ", StringComparison.Ordinal)) // it ends after its signatures
            {
                yield return note.ToString();
                note.Clear();
            }
            else if (read >= 0 && (note.Length > 0 || read != '\n'))
            {
                note.Append((char)read);
                if (note.Length > LongestNote) throw new IOException("this is no text of checkpoints");
            }

            if (read < 0) yield break;
            isLineBegun = read != '\n';
        }
    }

    private static List<NoteSignature>? Signatures(string lines)
    {
        var signatures = new List<NoteSignature>();
        foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(' ');
            if (parts is not ["—", var name, var value] || signatures.Count == MostSignatures || !TryRead64(value, out var bytes) || bytes.Length < 5)
                return null;
            signatures.Add(new NoteSignature(name, BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes[sizeof(uint)..]));
        }

        return signatures;
    }

    private static bool TryReadSize(string text, out long size) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size) && text == size.ToString(CultureInfo.InvariantCulture);

    private static bool TryRead64(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var length)) return false;
        bytes = bytes[..length];
        return true;
    }
}

/// <summary>A checkpoint with what was signed and by whom it says so.</summary>
/// <param name="Text">What is signed.</param>
/// <param name="Note">All of it.</param>
internal sealed record SignedCheckpoint(Checkpoint Checkpoint, string Text, IReadOnlyList<NoteSignature> Signatures, string Note)
{
    /// <summary>Whether this key has signed it under the name of its chain.</summary>
    public bool IsSignedBy(CheckpointVerifier key) => key.Verifies(Checkpoint.Origin, Text, Signatures);
}

/// <summary>A signature line of a note.</summary>
internal sealed record NoteSignature(string Name, uint KeyId, byte[] Signature);
