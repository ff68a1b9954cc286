using System.Text.Json;

namespace Gatehouse.Audit;

/// <summary>What is personal beside a record, against the digests that the record holds of it.</summary>
internal static class PersonalValues
{
    /// <summary>Whether each value that is there is the one whose digest the record holds. What is not there was erased.</summary>
    /// <param name="there">How many are there.</param>
    public static bool Hold(StoredRecord stored, ReadRecord read, out int there)
    {
        there = 0;
        if (stored.Personal is not { } personal) return true;
        try
        {
            using var beside = JsonDocument.Parse(personal);
            foreach (var field in beside.RootElement.EnumerateObject())
            {
                var held = field.Name switch
                {
                    "person" => Holds("person"u8, field.Value, read.Person, 0),
                    "client" => Holds("client"u8, field.Value, read.Client, 0),
                    "about" => HoldAll(field.Value, read.About),
                    _ => -1,
                };
                if (held < 0) return false;
                there += held;
            }

            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }

    private static int HoldAll(JsonElement values, string[] digests)
    {
        var there = 0;
        for (var i = 0; i < values.GetArrayLength(); i++)
        {
            var held = Holds("about"u8, values[i], digests, i);
            if (held < 0) return held;
            there += held;
        }

        return there;
    }

    /// <returns>1 for a value that holds, 0 for none, -1 for one that does not.</returns>
    private static int Holds(ReadOnlySpan<byte> field, JsonElement value, string[] digests, int at)
    {
        if (value.ValueKind == JsonValueKind.Null) return 0;
        if (at >= digests.Length || value.GetArrayLength() != 2) return -1;
        var salt = Convert.FromHexString(value[0].GetString()!);
        var text = value[1].GetString()!;
        if (salt.Length != RecordWriter.SaltBytes || text.Length > RecordWriter.LongestValue + 1) return -1;
        Span<byte> digest = stackalloc byte[MerkleHash.Length];
        RecordWriter.Commit(salt, field, text, digest);
        return Convert.ToHexStringLower(digest) == digests[at] ? 1 : -1;
    }
}
