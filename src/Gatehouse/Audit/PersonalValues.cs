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

    /// <summary>Whether each value that is there is the one whose digest the record holds. What is not there was erased.</summary>
    /// <param name="there">Which are there.</param>
    public static bool Hold(StoredRecord stored, ReadRecord read, out ulong there)
    {
        there = 0;
        if (stored.Personal is not { } personal) return true;
        try
        {
            using var beside = JsonDocument.Parse(personal);
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
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }

    private static bool HoldAll(JsonElement values, string[] digests, ref ulong there)
    {
        if (values.GetArrayLength() > RecordWriter.MostAbout) return false;
        for (var i = 0; i < values.GetArrayLength(); i++)
            if (!Holds("about"u8, values[i], digests, i, About(i), ref there)) return false;
        return true;
    }

    /// <param name="bit">What it is named by, added to <paramref name="there"/> where it is there.</param>
    private static bool Holds(ReadOnlySpan<byte> field, JsonElement value, string[] digests, int at, ulong bit, ref ulong there)
    {
        if (value.ValueKind == JsonValueKind.Null) return true;
        if (at >= digests.Length || value.GetArrayLength() != 2) return false;
        var salt = Convert.FromHexString(value[0].GetString()!);
        var text = value[1].GetString()!;
        if (salt.Length != RecordWriter.SaltBytes || text.Length > RecordWriter.LongestValue + 1) return false;
        Span<byte> digest = stackalloc byte[MerkleHash.Length];
        RecordWriter.Commit(salt, field, text, digest);
        there |= bit;
        return Convert.ToHexStringLower(digest) == digests[at];
    }
}
