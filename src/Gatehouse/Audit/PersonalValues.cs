using System.Buffers;
using System.Text.Json;

namespace Gatehouse.Audit;

/// <summary>
/// What is personal beside a record, against the digests that the record holds of it. Several values are named by the bits of a number:
/// <see cref="Person"/>, <see cref="Client"/>, and one for each entry of <c>about</c>.
/// </summary>
internal static class PersonalValues
{
    public const ulong Person = 1;

    public const ulong Client = 2;

    private const int FirstAbout = 2;

    /// <summary>An entry of <c>about</c>; the latest of which there is none in a record is that of <see cref="RecordWriter.MostAbout"/>.</summary>
    public static ulong About(int at) => 1UL << (FirstAbout + at);

    /// <summary>Those whose digests a record has, there or not.</summary>
    public static ulong Of(ReadRecord read)
    {
        var all = (read.Person.Length > 0 ? Person : 0) | (read.Client.Length > 0 ? Client : 0);
        for (var i = 0; i < read.About.Length && i < RecordWriter.MostAbout; i++) all |= About(i);
        return all;
    }

    /// <summary>
    /// What is personal beside a record, where it has the form in which it is written: a salt and a value for each field, or for each entry of
    /// <c>about</c>, or nothing for what was erased. Fields that are not known here may be there.
    /// </summary>
    /// <returns>Null where it has not: somebody has edited it.</returns>
    public static JsonDocument? Parse(byte[] personal)
    {
        if (personal.Length > RecordReader.LongestLine) return null;
        JsonDocument? beside = null;
        try
        {
            beside = JsonDocument.Parse(LoneHalves.Replace(personal), RecordReader.Strict);
            if (HasForm(beside.RootElement)) return beside;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // it is none
        }

        beside?.Dispose();
        return null;
    }

    /// <summary>Whether <see cref="Parse"/> takes it.</summary>
    public static bool HaveForm(byte[] personal)
    {
        using var beside = Parse(personal);
        return beside is not null;
    }

    /// <summary>The value of a field of what <see cref="Parse"/> gave, or of an entry of <c>about</c>; null where it was erased.</summary>
    public static string? TextOf(JsonElement value) => value.ValueKind == JsonValueKind.Array ? value[1].GetString() : null;

    /// <summary>Whether each value that is there is the one whose digest the record holds. What is not there was erased.</summary>
    /// <param name="there">Which are there.</param>
    public static bool Hold(StoredRecord stored, ReadRecord read, out ulong there)
    {
        there = 0;
        if (stored.Personal is not { } personal) return true;
        using var beside = Parse(personal);
        if (beside is null) return false;
        foreach (var field in beside.RootElement.EnumerateObject())
        {
            var holds = field.Name switch
            {
                "person" => Holds("person"u8, field.Value, read.Person, 0, Person, ref there),
                "client" => Holds("client"u8, field.Value, read.Client, 0, Client, ref there),
                "about" => HoldAll(field.Value, read.About, ref there),
                _ => false,
            };
            if (!holds) return false;
        }

        return true;
    }

    private static bool HasForm(JsonElement beside)
    {
        foreach (var field in beside.EnumerateObject())
        {
            var hasForm = field.Name switch
            {
                "person" or "client" => IsSealed(field.Value),
                "about" => field.Value.GetArrayLength() <= RecordWriter.MostAbout && field.Value.EnumerateArray().All(IsSealed),
                _ => field.Name.All(char.IsAsciiLetterOrDigit),
            };
            if (!hasForm) return false;
        }

        return true;
    }

    /// <summary>A salt and a value, or nothing.</summary>
    private static bool IsSealed(JsonElement value) => value.ValueKind == JsonValueKind.Null
        || (value.GetArrayLength() == 2 && value[0].GetString()?.Length == 2 * RecordWriter.SaltBytes
            && value[1].GetString()?.Length <= RecordWriter.LongestValue + 1);

    private static bool HoldAll(JsonElement values, string[] digests, ref ulong there)
    {
        for (var i = 0; i < values.GetArrayLength(); i++)
            if (!Holds("about"u8, values[i], digests, i, About(i), ref there)) return false;
        return true;
    }

    /// <param name="bit">What it is named by, added to <paramref name="there"/> where it is there.</param>
    private static bool Holds(ReadOnlySpan<byte> field, JsonElement value, string[] digests, int at, ulong bit, ref ulong there)
    {
        if (TextOf(value) is not { } text) return true;
        Span<byte> salt = stackalloc byte[RecordWriter.SaltBytes];
        if (at >= digests.Length || Convert.FromHexString(value[0].GetString()!, salt, out _, out _) != OperationStatus.Done) return false;
        Span<byte> digest = stackalloc byte[MerkleHash.Length];
        RecordWriter.Commit(salt, field, text, digest);
        there |= bit;
        return Convert.ToHexStringLower(digest) == digests[at];
    }
}
