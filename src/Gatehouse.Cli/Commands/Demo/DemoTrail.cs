using System.Text;
using Gatehouse.Audit;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>What the demo's trail says of its calls, and whether it holds.</summary>
internal static class DemoTrail
{
    private const string Store = "demo.audit.db";
    private const int ShortestSecret = 8;

    /// <summary>What is wrong with the trail, or missing in it, or in it although it must not be.</summary>
    /// <param name="made">The calls that were made, each with the id of its last answer.</param>
    public static IEnumerable<string> Differences(DemoSite site, IReadOnlyList<(DemoCall Call, string? RequestId)> made, out int records)
    {
        var different = new List<string>();
        var store = Path.Combine(site.Folder, Store);
        using var reader = SqliteAuditReader.Open(store);
        var key = CheckpointVerifier.Read(File.ReadAllText(Path.Combine(site.Folder, "keys", "audit.pem.pub")))!;
        foreach (var verdict in new TrailCheck([key], null).Check(reader))
            if (verdict.Fault is { } fault) different.Add($"the trail does not hold at record {fault.Sequence}: {fault.What}");
        List<AuditRecord> all = [.. reader.Chains().SelectMany(c => reader.Records(c)).Select(r => RecordReader.Read(r)!.Record)];
        records = all.Count;
        // "ben" stands in many a word
        List<string> secrets = [.. made.SelectMany(m => new[] { m.Call.Key, m.Call.Token?.Text, m.Call.Token?.Person }).OfType<string>().Distinct()];
        secrets.RemoveAll(s => s.Length < ShortestSecret);
        var accounted = all.Select(r => r.RequestId).ToHashSet(StringComparer.Ordinal);
        foreach (var (call, id) in made)
            if (id is not null && IsAccountable(call) && !accounted.Contains(id)) different.Add($"{call.Shows}: the trail has no record of it");
        foreach (var file in new[] { store, store + "-wal" }.Where(File.Exists))
            if (Encoding.Latin1.GetString(ReadShared(file)) is var text && secrets.Exists(s => text.Contains(s, StringComparison.Ordinal)))
                different.Add("the trail has a key, a token or a person");
        return different;
    }

    /// <summary>Tokens are for routes with people's data; that there is nothing for them is not recorded.</summary>
    private static bool IsAccountable(DemoCall call) =>
        call is { IsRecorded: true, Token: not null } && (call.Expected.FromService || call.Expected.Status is 401 or 403 or 429);

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var all = new MemoryStream();
        file.CopyTo(all);
        return all.ToArray();
    }
}
