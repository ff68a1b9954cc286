using Gatehouse.Audit;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Audit;

public sealed class AuditBatchTests
{
    private const int Capacity = 64 * 1024;

    [Fact]
    public void What_is_not_written_any_more_gives_back_its_room()
    {
        var batch = new AuditBatch(Capacity);
        Add(batch, 1, isWaitedFor: true);
        Add(batch, 2, isWaitedFor: false);
        Add(batch, 3, isWaitedFor: true);
        Add(batch, 4, isWaitedFor: false);
        var (second, fourth) = (Bytes(batch, 1), Bytes(batch, 3));

        Assert.Null(batch.KeepPosted());

        Assert.Equal(["request-2", "request-4"], batch.Entries.ToArray().Select(e => e.RequestId));
        Assert.Equal([second, fourth], [Bytes(batch, 0), Bytes(batch, 1)]);
        Assert.Equal(Capacity - second.Length - fourth.Length, batch.Free);
    }

    private static void Add(AuditBatch batch, int number, bool isWaitedFor)
    {
        var record = TestTrail.Sample(number);
        Assert.True(batch.TryAdd(record, RecordWriter.Write(record), isWaitedFor));
    }

    private static byte[] Bytes(AuditBatch batch, int entry) =>
        [.. batch.Body(batch.Entries[entry]), .. batch.Personal(batch.Entries[entry])];
}
