using System.Text;

namespace Gatehouse.Audit;

/// <summary>Finds records. A store may narrow what is looked at (<see cref="AuditReader.Candidates"/>); what is found is decided here, from the records.</summary>
internal static class AuditSearch
{
    /// <summary>Intents whose end is waited for: more are not under way at once.</summary>
    private const int MostOpen = 100_000;

    /// <summary>All that are wanted, chain by chain, each in its order.</summary>
    public static IEnumerable<FoundRecord> Find(AuditReader reader, AuditQuery query)
    {
        var glance = new Glance(query);
        foreach (var chain in reader.Chains())
        {
            var open = new Dictionary<string, ReadRecord>(StringComparer.Ordinal);
            foreach (var stored in reader.Candidates(chain, query))
            {
                if (!glance.MayBeWanted(stored, open.Count > 0) || RecordReader.Read(stored) is not { } read) continue;
                var record = read.Record;
                ReadRecord? intent = null;
                if (record.Intent is { } of)
                {
                    open.TryGetValue(of, out intent);
                    if (record.Kind != AuditKind.Unknown) open.Remove(of); // of an unknown one there may be a closing
                }

                if (record is { Kind: AuditKind.Intent, RequestId: { } request } && open.Count < MostOpen) open[request] = read;
                var found = new FoundRecord(chain, stored, read, intent);
                if (query.Takes(found)) yield return found;
            }
        }
    }

    /// <summary>The newest of what was found, the oldest of them first.</summary>
    /// <param name="most">How many at most.</param>
    /// <param name="all">How many there are.</param>
    public static IReadOnlyList<FoundRecord> Newest(IEnumerable<FoundRecord> wanted, int most, out long all)
    {
        all = 0;
        var newest = new PriorityQueue<FoundRecord, (DateTimeOffset, long)>();
        foreach (var found in wanted)
        {
            all++;
            newest.Enqueue(found, (found.Record.Time, found.Record.Sequence));
            if (newest.Count > most) newest.Dequeue();
        }

        var list = new List<FoundRecord>(newest.Count);
        while (newest.TryDequeue(out var found, out _)) list.Add(found);
        return list;
    }

    /// <summary>
    /// Looks at the bytes of a record before they are read: reading is dear, and most records are not wanted. The canonical form has one way to write
    /// each value, so that what is wanted has to stand there.
    /// </summary>
    private sealed class Glance(AuditQuery query)
    {
        private static readonly byte[] Intent = [.. "\"kind\":\"intent\""u8];

        private readonly byte[] _consumer = Field("consumer", query.Consumer);
        private readonly byte[] _route = Field("route", query.Route);
        private readonly byte[] _request = Written(query.RequestId);
        private readonly byte[][] _subjects = [.. query.Persons.Select(Written), .. query.About.Select(Written)];

        /// <param name="mayEnd">Whether it may be the end of an intent that was wanted.</param>
        public bool MayBeWanted(StoredRecord stored, bool mayEnd)
        {
            if (stored.Line is not { } line || !Has(line, _request)) return false;
            if (mayEnd && line.AsSpan().IndexOf("\"intent\":"u8) >= 0) return true;
            if (!Has(line, _consumer) || !Has(line, _route)) return false;
            if (!query.HasSubject || line.AsSpan().IndexOf(Intent) >= 0) return true; // the answer may name whom the request did not
            if (stored.Personal is not { } personal) return false;
            foreach (var subject in _subjects)
                if (Has(personal, subject)) return true;
            return false;
        }

        private static bool Has(byte[] bytes, byte[] wanted) => wanted.Length == 0 || bytes.AsSpan().IndexOf(wanted) >= 0;

        private static byte[] Field(string name, string? value) =>
            value is null ? [] : [.. Encoding.ASCII.GetBytes($"\"{name}\":"), .. Written(value)];

        /// <summary>As the canonical form has it, quotes included.</summary>
        private static byte[] Written(string? value)
        {
            if (value is null) return [];
            var text = new CanonicalText(256);
            text.Text(value, value.Length);
            return text.Bytes.ToArray();
        }
    }
}
