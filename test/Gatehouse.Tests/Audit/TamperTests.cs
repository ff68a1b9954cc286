using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Audit;
using Gatehouse.TestKit;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Tests.Audit;

/// <summary>A file of a trail that somebody changes who has all of it but the key.</summary>
public sealed class TamperTests : IDisposable
{
    private const int Count = 40;

    private readonly TestTrail _trail = new();

    public void Dispose() => _trail.Dispose();

    public static TheoryData<string, string, long> Changes => new()
    {
        { "edited", "UPDATE records SET line = replace(line, 'web-shop', 'app-shop') WHERE sequence = 20", 20 },
        { "edited, as bytes", "UPDATE records SET line = CAST(replace(line, 'web-shop', 'app-shop') AS BLOB) WHERE sequence = 20", 20 },
        { "the first edited", "UPDATE records SET line = CAST(replace(line, 'start', 'stops') AS BLOB) WHERE sequence = 1", 1 },
        { "the last edited", $"UPDATE records SET line = CAST(replace(line, 'stop', 'stap') AS BLOB) WHERE sequence = {Count + 2}", Count + 2 },
        { "its hash edited", "UPDATE records SET hash = randomblob(32) WHERE sequence = 20", 20 },
        { "its hash taken away", "UPDATE records SET hash = '' WHERE sequence = 20", 20 },
        { "its content taken out and its hash made longer", "UPDATE records SET line = NULL, hash = zeroblob(33) WHERE sequence = 20", 20 },
        { "its content taken out and its hash taken away", "UPDATE records SET line = NULL, hash = '' WHERE sequence = 20", 20 },
        { "its time edited", "UPDATE records SET time = time + 1 WHERE sequence = 20", 20 },
        { "a personal value edited", "UPDATE records SET personal = CAST(replace(personal, '203.0.113.9', '203.0.113.8') AS BLOB) WHERE sequence = 20", 20 },
        { "a salt edited", "UPDATE records SET personal = CAST(replace(personal, 'client\":[\"', 'client\":[\"00') AS BLOB) WHERE sequence = 20", 20 },
        { "personal values of another", "UPDATE records SET personal = (SELECT personal FROM records WHERE sequence = 21) WHERE sequence = 20", 20 },
        { "removed", "DELETE FROM records WHERE sequence = 20", 20 },
        { "several removed", "DELETE FROM records WHERE sequence BETWEEN 20 AND 25", 20 },
        { "the first removed", "DELETE FROM records WHERE sequence = 1", 1 },
        { "removed, the rest moved up", "DELETE FROM records WHERE sequence = 20; UPDATE records SET sequence = sequence - 1 WHERE sequence > 20", 20 },
        { "its content taken out", "UPDATE records SET line = NULL WHERE sequence = 20", 20 },
        { "reordered", "UPDATE records SET sequence = 1000 WHERE sequence = 20; UPDATE records SET sequence = 20 WHERE sequence = 21; UPDATE records SET sequence = 21 WHERE sequence = 1000", 20 },
        { "duplicated", $"UPDATE records SET sequence = -sequence - 1 WHERE sequence > 20; UPDATE records SET sequence = -sequence WHERE sequence < 0; INSERT INTO records SELECT chain, 21, time, hash, line, personal FROM records WHERE sequence = 20", 21 },
        { "duplicated at the end", $"INSERT INTO records SELECT chain, {Count + 3}, time, hash, line, personal FROM records WHERE sequence = 20", Count + 3 },
        { "cut off", "DELETE FROM records WHERE sequence > 30", 31 },
        { "all cut off", "DELETE FROM records", 1 },
        { "no checkpoint left", "DELETE FROM checkpoints", 1 },
        { "another chain's name", "UPDATE chains SET origin = 'front-door/audit/edge-1/0000000000000000'", 1 },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    [Control("AUD-2")]
    public async Task Names_the_first_record_that_is_not_what_it_was(string change, string statements, long first)
    {
        await _trail.WriteAsync(Count, o => o with { CheckpointEvery = 10 });
        Assert.Null(Assert.Single(_trail.Verify()).Fault);

        _trail.Change(statements);

        Assert.Equal((change, (long?)first), (change, Assert.Single(_trail.Verify()).Fault?.Sequence));
    }

    [Theory]
    [Control("AUD-2")]
    [InlineData("edited", 20)]
    [InlineData("inserted", 20)]
    public async Task Names_the_first_record_also_when_its_own_hash_was_made_anew(string change, long first)
    {
        await _trail.WriteAsync(Count, o => o with { CheckpointEvery = 1000 });
        var records = _trail.Records();
        if (change == "inserted")
        {
            _trail.Change("UPDATE records SET sequence = -sequence - 1 WHERE sequence >= 20; UPDATE records SET sequence = -sequence WHERE sequence < 0");
            _trail.Change("INSERT INTO records (chain, sequence, time, hash, line) SELECT chain, 20, 0, '', '' FROM records WHERE sequence = 1");
        }

        var forged = JsonNode.Parse(records[19].Line!)!;
        forged["consumer"] = "somebody";
        Put(20, forged.ToJsonString());

        Assert.Equal(first, Assert.Single(_trail.Verify()).Fault?.Sequence);
    }

    /// <summary>The whole chain from one record on, with all hashes, by who does not have the key.</summary>
    [Fact]
    [Control("AUD-3")]
    public async Task A_chain_that_was_made_anew_does_not_have_the_roots_that_were_signed()
    {
        await _trail.WriteAsync(Count, o => o with { CheckpointEvery = 10 });
        Rewrite(from: 15);

        var verdict = Assert.Single(_trail.Verify());

        Assert.Equal(10 + 1, verdict.Fault?.Sequence); // ten is what the last checkpoint before it is over
        Assert.Contains("not those that were signed", verdict.Fault!.What, StringComparison.Ordinal);
    }

    [Fact]
    [Control("AUD-3")]
    public async Task A_chain_that_was_made_anew_and_signed_by_another_does_not_hold()
    {
        await _trail.WriteAsync(Count, o => o with { CheckpointEvery = 10 });
        Rewrite(from: 15);
        var (tree, root) = (new TreeFrontier(), new byte[32]);
        foreach (var record in _trail.Records()) tree.Add(record.Hash);
        tree.Hash(root);
        var origin = Read("SELECT origin FROM chains");
        var note = new Checkpoint(origin, tree.Size, root, DateTimeOffset.UnixEpoch).Sign(CheckpointKey.Create());
        _trail.Change("DELETE FROM checkpoints WHERE size >= 15");
        _trail.Change($"INSERT INTO checkpoints SELECT id, {tree.Size}, '{note}', x'{Convert.ToHexString(tree.ToBytes())}', 1 FROM chains");

        Assert.Contains("was not made with this key", Assert.Single(_trail.Verify()).Fault!.What, StringComparison.Ordinal);
        // and the gateway builds nothing upon it
        using var trail = _trail.Open();
        Assert.False(await trail.Begun.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.False(trail.Writable);
        Assert.False(await trail.WriteAsync(TestTrail.Sample(1)));
    }

    /// <summary>Without its checkpoints a rewritten chain can be told from the true one by the second place alone.</summary>
    [Fact]
    [Control("AUD-3")]
    public async Task A_chain_that_was_made_anew_without_checkpoints_is_known_by_the_second_place()
    {
        await _trail.WriteAsync(Count, o => o with { CheckpointEvery = 10 });
        Rewrite(from: 15);
        _trail.Change("DELETE FROM checkpoints WHERE size > 10");

        Assert.Null(Assert.Single(_trail.Verify()).Fault); // what follows on the last checkpoint could be anybody's, and that is said
        Assert.Equal(10, Assert.Single(_trail.Verify()).Signed);
        Assert.Equal(11, Assert.Single(_trail.Verify(withCopies: true)).Fault?.Sequence);
    }

    [Fact]
    [Control("AUD-4")]
    public async Task A_tail_that_was_cut_off_with_its_checkpoints_is_known_by_the_second_place()
    {
        await _trail.WriteAsync(Count, o => o with { CheckpointEvery = 10 });
        _trail.Change("DELETE FROM records WHERE sequence > 30; DELETE FROM checkpoints WHERE size > 30");

        var alone = Assert.Single(_trail.Verify());
        var compared = Assert.Single(_trail.Verify(withCopies: true));

        Assert.Null(alone.Fault);
        Assert.Equal((30L, 30L), (alone.Last, alone.Signed));
        Assert.Equal(31, compared.Fault?.Sequence);
    }

    [Fact]
    [Control("AUD-4")]
    public async Task A_chain_that_was_thrown_away_is_known_by_the_second_place()
    {
        await _trail.WriteAsync(Count);
        File.Delete(_trail.File);
        await _trail.WriteAsync(Count);

        var check = _trail.Check(withCopies: true);
        using var reader = SqliteAuditReader.Open(_trail.File);

        Assert.Null(Assert.Single(check.Check(reader)).Fault);
        Assert.Single(check.Missing(ofSameInstances: true));
        Assert.Empty(check.Missing(ofSameInstances: false));
    }

    [Fact]
    [Control("AUD-10", "what is erased leaves the chain as it is")]
    public async Task Erased_values_and_records_taken_out_with_a_record_of_it_leave_the_chain_as_it_is()
    {
        await _trail.WriteAsync(Count);
        _trail.Change("UPDATE records SET personal = NULL WHERE sequence IN (3, 4)");
        _trail.Change("UPDATE records SET personal = CAST(replace(personal, substr(personal, instr(personal, '\"about\":[') + 9, instr(substr(personal, instr(personal, '\"about\":[') + 9), ']')), 'null') AS BLOB) WHERE sequence = 5");
        using (var trail = await _trail.BeginAsync(o => o with { CheckpointEvery = 1 })) // signed as it is said
        {
            var retention = new AuditRecord { Kind = AuditKind.Retention, Time = DateTimeOffset.UnixEpoch, First = 1, Last = 12 };
            Assert.True(await trail.WriteAsync(retention));
        }

        _trail.Change("UPDATE records SET line = NULL, personal = NULL WHERE sequence <= 12");

        var verdict = Assert.Single(_trail.Verify(withCopies: true));

        Assert.Null(verdict.Fault);
        Assert.Equal(12, verdict.Withdrawn);
        _trail.Change("UPDATE records SET line = NULL, personal = NULL WHERE sequence = 13");
        Assert.Equal(13, Assert.Single(_trail.Verify()).Fault?.Sequence);
    }

    [Fact]
    [Control("AUD-2", "personal values")]
    public async Task Names_the_first_record_beside_which_a_personal_value_is_gone()
    {
        await _trail.WriteAsync(Count);
        _trail.Change("UPDATE records SET personal = NULL WHERE sequence IN (3, 4)");

        var verdict = Assert.Single(_trail.Verify());

        Assert.Equal(3, verdict.Fault?.Sequence);
        Assert.Equal(2 * 3, verdict.Erased); // a person, an address and whose data it was
        Assert.Equal((Count - 2) * 3, verdict.Personal);
    }

    private void Rewrite(long from)
    {
        var records = _trail.Records();
        var previous = records[(int)from - 2].Hash;
        foreach (var record in records.Skip((int)from - 1))
        {
            var line = JsonNode.Parse(record.Line!)!;
            if (record.Sequence == from) line["consumer"] = "somebody";
            line["previous"] = Convert.ToHexStringLower(previous);
            previous = Put(record.Sequence, line.ToJsonString());
        }
    }

    private byte[] Put(long sequence, string line)
    {
        var hash = SHA256.HashData([0, .. Encoding.UTF8.GetBytes(line)]);
        var time = RecordReader.Read(Encoding.UTF8.GetBytes(line), default)!.Record.Time.ToUnixTimeMilliseconds();
        _trail.Change($"UPDATE records SET hash = x'{Convert.ToHexString(hash)}', line = x'{Convert.ToHexString(Encoding.UTF8.GetBytes(line))}', time = {time} WHERE sequence = {sequence}");
        return hash;
    }

    private string Read(string question)
    {
        using var connection = new SqliteConnection($"Data Source={_trail.File};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = question;
        return (string)command.ExecuteScalar()!;
    }
}
