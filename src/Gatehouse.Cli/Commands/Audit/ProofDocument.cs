using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Audit;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>
/// One record, a signed checkpoint, and the hashes that lead from the one to the other: all that is needed to show the record without the rest.
/// </summary>
/// <param name="Index">The leaf: the record's number less one.</param>
/// <param name="Line">The canonical form.</param>
/// <param name="Hashes">The hashes beside the way to the root, the lowest first.</param>
/// <param name="Note">The signed checkpoint.</param>
internal sealed record ProofDocument(long Index, string Line, IReadOnlyList<byte[]> Hashes, string Note)
{
    private const string Form = "gatehouse-audit-proof/1";
    private const int LongestText = 1 << 20;
    private const int MostHashes = 64;
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    /// <param name="personal">What is personal beside the record, where it is to be shown.</param>
    public JsonObject ToJson(byte[]? personal)
    {
        var hashes = new JsonArray();
        foreach (var hash in Hashes) hashes.Add((JsonNode)Convert.ToHexStringLower(hash));
        var json = new JsonObject { ["form"] = Form, ["index"] = Index, ["record"] = Line, ["proof"] = hashes, ["checkpoint"] = Note };
        if (personal is not null) json["personal"] = JsonNode.Parse(LoneHalves.Replace(personal).Span);
        return json;
    }

    /// <summary>The document, or null where it is none.</summary>
    public static ProofDocument? Read(string text)
    {
        if (text.Length > LongestText) return null;
        try
        {
            if (JsonNode.Parse(text, documentOptions: Strict) is not JsonObject json || (string?)json["form"] != Form) return null;
            if (json["proof"] is not JsonArray { Count: <= MostHashes } list || (long?)json["index"] is not { } index
                || (string?)json["record"] is not { } record || (string?)json["checkpoint"] is not { } note) return null;
            return new ProofDocument(index, record, [.. list.Select(h => Convert.FromHexString((string?)h ?? ""))], note);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>
    /// Why it proves nothing, as a constant text; null where it proves that the record is in the tree that one of the keys has signed.
    /// </summary>
    public string? Fault(IReadOnlyList<CheckpointVerifier> keys)
    {
        if (Checkpoint.Read(Note) is not { } signed || !keys.Any(signed.IsSignedBy)) return "the checkpoint was not made with this key";
        var leaf = new byte[MerkleHash.Length];
        var line = Encoding.UTF8.GetBytes(Line);
        MerkleHash.OfLeaf(line, leaf);
        if (!InclusionProof.Holds(Index, signed.Checkpoint.Size, leaf, Hashes, signed.Checkpoint.Root))
            return "the record is not in the tree that was signed";
        return RecordReader.Read(line, default)?.Record.Sequence == Index + 1 ? null : "the record does not have the number that the proof is of";
    }
}
