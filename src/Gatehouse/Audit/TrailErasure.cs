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

    /// <summary>A number of 19 digits, one of 16 and what stands between.</summary>
    private const int LongestEntry = 40;

    private const int MostPieces = RecordWriter.MostDetails - 2;

    /// <summary>Erases, some records at a time.</summary>
    /// <param name="own">The chain in which it is recorded.</param>
    /// <param name="query">Whom: its <see cref="AuditQuery.Persons"/> and <see cref="AuditQuery.About"/> each by itself.</param>
    public static ErasedRecords Run(AuditReader reader, CommandChain own, AuditQuery query, TrailAct act, TimeProvider clock)
    {
        var (erased, edited, firstEdited) = (0L, 0L, "");
        foreach (var chain in reader.Chains())
        {
            var batch = new List<(long Sequence, ulong Values, byte[]? Left)>();
            var length = 0;
            foreach (var stored in reader.Candidates(chain, new AuditQuery { Persons = query.Persons, About = query.About }))
            {
                if (stored.Personal is not { } personal) continue;
                if (TakeOut(personal, query, out var left) is not { } values)
                {
                    if (edited++ == 0) firstEdited = string.Create(CultureInfo.InvariantCulture, $"{stored.Sequence} of {chain.Origin}");
                    continue;
                }

                if (values == 0) continue;
                batch.Add((stored.Sequence, values, left));
                length += ErasedValues.Write(stored.Sequence, values).Length + 1;
                if (batch.Count < AtOnce && length < (MostPieces - 1) * (LongestPiece - LongestEntry)) continue;
                erased += Write(own, chain, batch, act, clock);
                length = 0;
            }

            erased += Write(own, chain, batch, act, clock);
        }

        return new ErasedRecords(erased, edited, firstEdited);
    }

    private static int Write(
        CommandChain own, AuditChain chain, List<(long Sequence, ulong Values, byte[]? Left)> batch, TrailAct act, TimeProvider clock)
    {
        var count = batch.Count;
        if (count == 0) return 0;
        own.Store.Begin();
        own.Writer.Append(new AuditRecord
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
                .. Pieces(batch.Select(e => ErasedValues.Write(e.Sequence, e.Values))),
            ],
        });
        foreach (var (sequence, _, left) in batch) own.Store.Erase(chain, sequence, left);
        var note = own.Writer.SignIfDue(now: true); // what is not signed proves nothing, and this has to
        own.Store.Commit();
        own.Copy(note);
        batch.Clear();
        return count;
    }

    /// <summary>What was erased, as details of a record have room for it.</summary>
    private static List<AuditDetail> Pieces(IEnumerable<string> entries)
    {
        var pieces = new List<AuditDetail>();
        var piece = new StringBuilder();
        foreach (var entry in entries)
        {
            if (piece.Length + entry.Length + 1 > LongestPiece)
            {
                pieces.Add(new(AuditDetail.Erased, piece.ToString()));
                piece.Clear();
            }

            if (piece.Length > 0) piece.Append(',');
            piece.Append(entry);
        }

        pieces.Add(new(AuditDetail.Erased, piece.ToString()));
        return pieces;
    }

    /// <summary>Takes out what is about them.</summary>
    /// <param name="left">What is left; null for nothing.</param>
    /// <returns>Which values that was, as <see cref="PersonalValues"/> names them; null where nobody can tell whose they are.</returns>
    private static ulong? TakeOut(byte[] personal, AuditQuery query, out byte[]? left)
    {
        left = null;
        using var beside = PersonalValues.Parse(personal);
        if (beside is null) return null;
        var isFor = beside.RootElement.TryGetProperty("person", out var person) && IsOneOf(query.Persons, person);
        var written = new CanonicalText(1024);
        var (found, kept) = (0UL, false);
        written.Raw((byte)'{');
        foreach (var field in beside.RootElement.EnumerateObject())
        {
            if (isFor && field.Name is "person" or "client")
            {
                found |= field.Name == "person" ? PersonalValues.Person : PersonalValues.Client;
                continue;
            }

            written.Name(Encoding.ASCII.GetBytes(field.Name));
            if (field.Name != "about")
            {
                kept = true;
                written.Raw(Encoding.UTF8.GetBytes(field.Value.GetRawText()));
                continue;
            }

            var entries = field.Value.EnumerateArray().Select(e => IsOneOf(query.About, e) ? null : e.GetRawText()).ToList();
            for (var i = 0; i < entries.Count; i++)
                if (entries[i] is null && field.Value[i].ValueKind != JsonValueKind.Null) found |= PersonalValues.About(i);
            kept |= entries.Exists(e => e is not (null or "null"));
            written.Raw(Encoding.UTF8.GetBytes($"[{string.Join(',', entries.Select(e => e ?? "null"))}]"));
        }

        written.Raw((byte)'}');
        if (kept) left = written.Bytes.ToArray();
        return found;
    }

    private static bool IsOneOf(IReadOnlySet<string> wanted, JsonElement value) => PersonalValues.TextOf(value) is { } text && wanted.Contains(text);
}

/// <summary>What came of an erasure.</summary>
/// <param name="Count">Records of which something was erased.</param>
/// <param name="Edited">Records beside which somebody has edited what is personal, so that nobody can tell whose it is: they are left.</param>
/// <param name="FirstEdited">The first of those, with its chain.</param>
internal sealed record ErasedRecords(long Count, long Edited, string FirstEdited);
