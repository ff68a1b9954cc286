using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Audit;

/// <summary>
/// Erases what is personal about somebody: for whom an exchange was made with where it came from, or about whom it was. The digests in the records
/// stay, which say nothing without their salts, so that the chain holds; that it was done is a record in the same transaction.
/// </summary>
internal static class TrailErasure
{
    private const int AtOnce = 500;

    /// <summary>What a record can say of which records something was erased, in pieces that its details have room for.</summary>
    private const int LongestPiece = 250;

    private const int MostPieces = RecordWriter.MostDetails - 2;

    /// <summary>Erases, some records at a time.</summary>
    /// <param name="query">Whom: its <see cref="AuditQuery.Persons"/> and <see cref="AuditQuery.About"/> each by itself.</param>
    /// <returns>Records of which something was erased.</returns>
    public static long Run(AuditReader reader, AuditStore store, ChainWriter writer, AuditQuery query, TrailAct act, TimeProvider clock)
    {
        var erased = 0L;
        foreach (var chain in reader.Chains())
        {
            var batch = new List<(long Sequence, byte[]? Left)>();
            foreach (var stored in reader.Candidates(chain, new AuditQuery { Persons = query.Persons, About = query.About }))
            {
                if (stored.Personal is not { } personal || !TryTakeOut(personal, query, out var left)) continue;
                batch.Add((stored.Sequence, left));
                if (batch.Count == AtOnce || batch.Count * (Digits(stored.Sequence) + 1) > (MostPieces - 1) * (LongestPiece - 20))
                    erased += Write(store, writer, chain, batch, act, clock);
            }

            erased += Write(store, writer, chain, batch, act, clock);
        }

        store.Scrub();
        return erased;
    }

    private static int Write(
        AuditStore store, ChainWriter writer, AuditChain chain, List<(long Sequence, byte[]? Left)> batch, TrailAct act, TimeProvider clock)
    {
        var count = batch.Count;
        if (count == 0) return 0;
        store.Begin();
        writer.Append(new AuditRecord
        {
            Kind = AuditKind.Erasure,
            Time = clock.GetUtcNow(),
            Who = act.Who,
            Reason = act.Reason,
            First = batch[0].Sequence,
            Last = batch[^1].Sequence,
            Details =
            [
                new(AuditDetail.Chain, chain.Origin), new("records", count.ToString(CultureInfo.InvariantCulture)),
                .. Pieces(batch.Select(e => e.Sequence)),
            ],
        });
        foreach (var (sequence, left) in batch) store.Erase(chain, sequence, left);
        writer.SignIfDue(now: true); // what is not signed proves nothing, and this has to
        store.Commit();
        batch.Clear();
        return count;
    }

    /// <summary>The numbers of records, as details of a record have room for them.</summary>
    private static List<AuditDetail> Pieces(IEnumerable<long> sequences)
    {
        var pieces = new List<AuditDetail>();
        var piece = new StringBuilder();
        foreach (var sequence in sequences)
        {
            if (piece.Length + Digits(sequence) + 1 > LongestPiece)
            {
                pieces.Add(new(AuditDetail.Sequences, piece.ToString()));
                piece.Clear();
            }

            if (piece.Length > 0) piece.Append(',');
            piece.Append(CultureInfo.InvariantCulture, $"{sequence}");
        }

        pieces.Add(new(AuditDetail.Sequences, piece.ToString()));
        return pieces;
    }

    private static int Digits(long number) => number.ToString(CultureInfo.InvariantCulture).Length;

    /// <summary>What is left without what is about them; false where nothing is.</summary>
    private static bool TryTakeOut(byte[] personal, AuditQuery query, out byte[]? left)
    {
        left = null;
        using var beside = JsonDocument.Parse(personal);
        var isFor = beside.RootElement.TryGetProperty("person", out var person) && query.Persons.Contains(ValueOf(person));
        var written = new CanonicalText(1024);
        var (found, kept) = (isFor, false);
        written.Raw((byte)'{');
        foreach (var field in beside.RootElement.EnumerateObject())
        {
            if (isFor && field.Name is "person" or "client") continue;
            written.Name(Encoding.ASCII.GetBytes(field.Name));
            if (field.Name != "about")
            {
                kept = true;
                written.Raw(Encoding.ASCII.GetBytes(field.Value.GetRawText()));
                continue;
            }

            var entries = field.Value.EnumerateArray().Select(e => query.About.Contains(ValueOf(e)) ? null : e.GetRawText()).ToList();
            found |= entries.Where((e, i) => e is null && field.Value[i].ValueKind != JsonValueKind.Null).Any();
            kept |= entries.Exists(e => e is not (null or "null"));
            written.Raw(Encoding.ASCII.GetBytes($"[{string.Join(',', entries.Select(e => e ?? "null"))}]"));
        }

        written.Raw((byte)'}');
        if (kept) left = written.Bytes.ToArray();
        return found;
    }

    private static string ValueOf(JsonElement entry) => entry.ValueKind == JsonValueKind.Array ? entry[1].GetString() ?? "" : "";
}
