using System.Security.Cryptography;
using System.Text;
using Gatehouse.Audit;
using Gatehouse.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Audit;

/// <summary>Values that are cut where a character has two halves: whoever calls may choose where that is.</summary>
public sealed class HalfCharacterTests
{
    private const string Smile = "😀";
    private const string WrittenHalf = @"\ud83d…";

    [Fact]
    public void A_value_is_cut_at_any_place_and_read_back()
    {
        for (var before = 500; before < 520; before++)
        {
            var value = new string('a', before) + Smile + Smile;
            var read = ReadBack(new() { Kind = AuditKind.Exchange, Time = DateTimeOffset.UnixEpoch, Details = [new("note", value)] });
            var isInMiddle = before is RecordWriter.LongestValue - 1 or RecordWriter.LongestValue - 3;
            var kept = isInMiddle ? RecordWriter.LongestValue - 1 : RecordWriter.LongestValue;
            Assert.Equal(value.Length <= RecordWriter.LongestValue ? value : value[..kept] + "…", Assert.Single(read.Record.Details).Value);
        }
    }

    [Fact]
    public void Every_text_of_a_record_is_read_back_wherever_it_is_cut()
    {
        foreach (var shift in (int[])[0, 1])
        {
            var text = new string('a', shift) + string.Concat(Enumerable.Repeat(Smile, 400));
            var read = ReadBack(new()
            {
                Kind = AuditKind.Administration,
                Time = DateTimeOffset.UnixEpoch,
                Person = text,
                About = [new AboutEntry(text, text, text)],
                Who = text,
                Path = text,
                Reason = text,
                Details = [new(text, text)],
            });
            AuditDetail detail = Assert.Single(read.Record.Details);
            Assert.All([read.Record.Person, read.Record.Who, read.Record.Path, read.Record.Reason, detail.Name, detail.Value], t =>
            {
                Assert.StartsWith(t!.TrimEnd('…'), text, StringComparison.Ordinal);
                Assert.DoesNotContain('\ufffd', t);
            });
            Assert.StartsWith(Assert.Single(read.Record.About).Name, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Half_a_character_is_read_back_as_none()
    {
        var read = ReadBack(new()
        {
            Kind = AuditKind.Exchange,
            Time = DateTimeOffset.UnixEpoch,
            Person = "\ud83d",
            Details = [new("note", "\ude00 \ud83d\ud83d\ude00")],
        });

        Assert.Equal("\ufffd", read.Record.Person);
        Assert.Equal("\ufffd \ufffd😀", Assert.Single(read.Record.Details).Value);
    }

    [Theory]
    [InlineData(@"{""a"":""\ud83d""}", @"{""a"":""\ufffd""}")]
    [InlineData(@"{""a"":""\uDE00\uD83D""}", @"{""a"":""\ufffd\ufffd""}")]
    [InlineData(@"{""a"":""\ud83d\ude00""}", @"{""a"":""\ud83d\ude00""}")]
    [InlineData(@"{""a"":""\\ud83d""}", @"{""a"":""\\ud83d""}")]
    [InlineData(@"{""a"":""\ud83d\u0041\""\ud83d", @"{""a"":""\ufffd\u0041\""\ufffd")]
    [InlineData(@"\ud8", @"\ud8")]
    [InlineData(@"\", @"\")]
    public void Halves_of_former_versions_are_replaced_where_they_are_read(string line, string read) =>
        Assert.Equal(read, Encoding.ASCII.GetString(LoneHalves.Replace(Encoding.ASCII.GetBytes(line)).Span));

    [Fact]
    public async Task A_trail_whose_values_were_cut_holds_and_is_gone_on_with()
    {
        using var test = new TestTrail();
        var note = new string('a', RecordWriter.LongestValue - 1) + Smile;
        using (var trail = await test.BeginAsync(o => o with { CheckpointAfter = TimeSpan.FromDays(1) }))
            Assert.True(await trail.WriteAsync(new() { Kind = AuditKind.Exchange, Time = DayOfTrade.Begin, Details = [new("note", note)] }));

        Assert.Null(Assert.Single(test.Verify(withCopies: true)).Fault);
    }

    /// <summary>As former versions wrote it: the file has half a character, in the record and beside it.</summary>
    [Fact]
    public async Task A_trail_of_former_versions_holds_is_shown_and_nothing_of_it_is_set_aside()
    {
        using var trade = await TradeTrail.WriteAsync(5);
        var store = new SqliteAuditStore(trade.Trail.File);
        var writer = new ChainWriter(store, ChainOpening.Open(store, trade.Trail.Options).State, trade.Trail.Options, TimeProvider.System);
        store.Begin();
        Append(writer);
        store.Commit();
        store.Close();
        var sequence = writer.State.Last;

        Assert.Equal("aa\ufffd…", Assert.Single(trade.Trail.Read()[^1].Details).Value);
        Assert.Equal("b\ufffd", trade.Trail.Read()[^1].Person);
        Assert.Null(trade.Trail.Verify()[0].Fault);
        await trade.Trail.WriteAsync(1); // a start looks at what is behind the last checkpoint
        Assert.DoesNotContain("set aside", trade.Trail.Told, StringComparison.Ordinal);
        Assert.Null(trade.Trail.Verify()[0].Fault);
        var shown = await trade.RunAsync("show", "--sequence", $"{sequence}", "--instance", "edge-1", "--personal");
        Assert.Equal((ExitCode.Done, ""), (shown.ExitCode, shown.Error));
        Assert.Equal(ExitCode.Done, (await trade.RunAsync("prove", "--sequence", $"{sequence}", "--instance", "edge-1", "--personal")).ExitCode);
    }

    /// <summary>What the former writer made of a value that it cut, and of a person.</summary>
    private static void Append(ChainWriter writer)
    {
        var salt = new byte[RecordWriter.SaltBytes];
        var digest = Convert.ToHexStringLower(SHA256.HashData([.. salt, .. "person"u8, 0, .. Encoding.UTF8.GetBytes("b\ud83d")]));
        var body = $$"""
            "time":"2026-11-26T08:00:00.007Z","kind":"exchange","person":"{{digest}}","details":[["note","aa{{WrittenHalf}}"]]
            """.Replace("…", @"\u2026", StringComparison.Ordinal);
        var personal = $$"""{"person":["{{Convert.ToHexStringLower(salt)}}","b\ud83d"]}""";
        var time = new DateTimeOffset(2026, 11, 26, 8, 0, 0, 7, TimeSpan.Zero).ToUnixTimeMilliseconds();
        writer.Append(Encoding.ASCII.GetBytes(body), Encoding.ASCII.GetBytes(personal), AuditKind.Exchange, time, null, null);
    }

    private static ReadRecord ReadBack(AuditRecord record)
    {
        var written = RecordWriter.Write(record);
        var line = Encoding.ASCII.GetBytes($$"""{"v":1,{{Encoding.ASCII.GetString(written.Body)}}}""");
        var stored = new StoredRecord(0, 0, [], line, written.Personal.IsEmpty ? null : written.Personal.ToArray());
        var read = RecordReader.Read(stored);
        Assert.NotNull(read);
        Assert.True(PersonalValues.Hold(stored, read, out _));
        return read;
    }
}
