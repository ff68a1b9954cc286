using Gatehouse.Audit;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Audit;

/// <summary>A trail of which almost everything was taken out long ago.</summary>
public sealed class LongRetentionTests
{
    [Fact]
    public async Task What_was_taken_out_before_is_looked_at_a_stretch_at_a_time()
    {
        using var trail = new TestTrail();
        await trail.WriteAsync(1, o => o with { Key = null });
        const int Gone = 2 * AuditStore.LooksAt + 10;
        trail.Change($"""
            UPDATE records SET sequence = sequence + {Gone};
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Gone})
            INSERT INTO records (chain, sequence, time, hash) SELECT (SELECT MAX(id) FROM chains), i, 0, x'00' FROM n;
            INSERT INTO checkpoints (chain, size, note, frontier, open_from) SELECT MAX(id), {Gone + 3}, '', x'', 0 FROM chains;
            """);
        using var reader = SqliteAuditReader.Open(trail.File);
        var chain = Assert.Single(reader.Chains());
        var store = new SqliteAuditStore(trail.File);
        store.Open("front-door", "edge-1");
        var from = 1L;
        foreach (var next in new[] { 1L + AuditStore.LooksAt, 1L + 2 * AuditStore.LooksAt })
        {
            Assert.Null(store.Expired(chain, DateTimeOffset.MaxValue, 100, ref from, out var isOver));
            Assert.Equal((next, false), (from, isOver));
        }

        Assert.Equal((Gone + 1, Gone + 3), store.Expired(chain, DateTimeOffset.MaxValue, 100, ref from, out _));
        from = Gone + 4;
        Assert.Null(store.Expired(chain, DateTimeOffset.MaxValue, 100, ref from, out var ends));
        Assert.True(ends);
        store.Close();
    }
}
