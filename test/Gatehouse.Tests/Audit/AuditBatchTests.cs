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

    [Fact]
    [Control("AUD-7", "who was given up is never told that it was written")]
    public void Who_was_given_up_is_not_told_that_it_was_written()
    {
        var batch = new AuditBatch(Capacity);
        Add(batch, 1, isWaitedFor: true);
        _ = batch.Written(now: 1);
        batch.Abandon(); // from here on the writer leaves the record out, and may be ready before anybody was told
        var (waiters, written) = batch.Clear(written: true);
        Assert.NotNull(waiters);
        Assert.False(written);

        Add(batch, 2, isWaitedFor: true);
        _ = batch.Written(now: 2);
        Assert.True(batch.Clear(written: true).Written);
    }

    [Fact]
    public void Takes_none_of_the_room_that_is_kept()
    {
        var batch = new AuditBatch(Capacity);
        var record = TestTrail.Sample(1);
        Assert.False(batch.TryAdd(record, RecordWriter.Write(record), isWaitedFor: false, kept: Capacity - 100));
        Assert.True(batch.TryAdd(record, RecordWriter.Write(record), isWaitedFor: false, kept: 0));
    }

    [Fact]
    public void What_is_written_gives_back_its_room_and_the_rest_is_as_it_was()
    {
        var batch = new AuditBatch(Capacity);
        for (var i = 1; i <= 4; i++) Add(batch, i, isWaitedFor: i == 4);
        var done = batch.Written(now: 1);
        var (third, fourth) = (Bytes(batch, 2), Bytes(batch, 3));
        var size = Bytes(batch, 0).Length;
        Assert.Equal([1, 1, 1, 2, 4], new[] { 1, size, (2 * size) - 1, 2 * size, Capacity }.Select(batch.Portion));

        batch.Drop(2);

        Assert.Equal(["request-3", "request-4"], batch.Entries.ToArray().Select(e => e.RequestId));
        Assert.Equal([third, fourth], [Bytes(batch, 0), Bytes(batch, 1)]);
        Assert.Equal(Capacity - third.Length - fourth.Length, batch.Free);
        Assert.True(batch.HasWaiters && !done.IsCompleted);
        batch.Drop(2);
        Assert.Equal((0, Capacity, 0), (batch.Count, batch.Free, batch.Portion(Capacity)));
    }

    private static void Add(AuditBatch batch, int number, bool isWaitedFor)
    {
        var record = TestTrail.Sample(number);
        Assert.True(batch.TryAdd(record, RecordWriter.Write(record), isWaitedFor));
    }

    private static byte[] Bytes(AuditBatch batch, int entry) =>
        [.. batch.Body(batch.Entries[entry]), .. batch.Personal(batch.Entries[entry])];
}
