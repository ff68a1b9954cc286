using System.Security.Cryptography;
using System.Text;
using Gatehouse.Audit;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Audit;

/// <summary>What goes out of a trail, and what stays of it.</summary>
public sealed class RetentionAndErasureTests
{
    [Fact]
    [Control("LOG-11")]
    public async Task A_gateway_takes_out_what_is_too_old_says_so_and_the_trail_verifies()
    {
        using var test = new TestTrail();
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Func<AuditTrailOptions, AuditTrailOptions> keep = o => o with
        {
            Retain = TimeSpan.FromDays(400),
            CheckpointEvery = 50,
        };
        using (var trail = await test.BeginAsync(keep, clock: clock))
        {
            for (var i = 0; i < 200; i++) Assert.True(await trail.WriteAsync(At(i, clock)));
        }

        clock.Advance(TimeSpan.FromDays(399));
        using (var trail = await test.BeginAsync(keep, clock: clock)) Assert.True(await trail.WriteAsync(At(200, clock)));
        Assert.DoesNotContain(test.Records(), r => r.Line is null);
        clock.Advance(TimeSpan.FromDays(2));
        using (var trail = await test.BeginAsync(keep, clock: clock))
        {
            Assert.True(await trail.WriteAsync(At(201, clock)));
            await Eventually.HoldsAsync(() => Task.FromResult(test.Records().Any(r => r.Line is null)), TestContext.Current.CancellationToken);
        }

        var records = test.Records();
        Assert.All(records.Where(r => r.Sequence <= 200), r => Assert.True(r.Line is null && r.Personal is null));
        Assert.Contains(records, r => r.Line is not null && Encoding.UTF8.GetString(r.Line).Contains("\"request-200\"", StringComparison.Ordinal));
        var said = Assert.Single(records.Select(RecordReader.Read), r => r?.Record.Kind == AuditKind.Retention)!.Record;
        Assert.Equal(1, said.First);
        Assert.Equal(records.Last(r => r.Line is null).Sequence, said.Last);
        var verdict = Assert.Single(test.Verify(withCopies: true));
        Assert.Null(verdict.Fault);
        Assert.Equal(said.Last, verdict.Withdrawn);
    }

    [Fact]
    public async Task What_was_taken_out_without_a_record_of_it_is_a_fault()
    {
        using var test = new TestTrail();
        await test.WriteAsync(20);

        test.Change("UPDATE records SET line = NULL, personal = NULL WHERE sequence BETWEEN 3 AND 5");

        Assert.Equal(3, Assert.Single(test.Verify()).Fault?.Sequence);
    }

    [Fact]
    public async Task A_record_of_retention_that_nobody_signed_excuses_nothing()
    {
        using var test = new TestTrail();
        using (var trail = await test.BeginAsync(o => o with { CheckpointEvery = 20, CheckpointAfter = TimeSpan.FromDays(1) }))
        {
            for (var i = 0; i < 19; i++) Assert.True(await trail.WriteAsync(TestTrail.Sample(i))); // and the start: signed
            Assert.True(await trail.WriteAsync(new AuditRecord
            {
                Kind = AuditKind.Retention,
                Time = DayOfTrade.Begin,
                First = 1,
                Last = 10,
            }));
            test.Change("UPDATE records SET line = NULL, personal = NULL WHERE sequence BETWEEN 3 AND 5");

            Assert.Equal(3, Assert.Single(test.Verify()).Fault?.Sequence);
        }

        Assert.Equal(3, Assert.Single(test.Verify()).Fault?.Sequence); // it was signed with others, and not as it was said
    }

    [Fact]
    public async Task The_command_line_takes_out_of_every_chain_and_again_what_said_so_before()
    {
        using var trade = await TradeTrail.WriteAsync(12_000);
        string[] options = ["--reason", "the policy of the house", "--signing-key", trade.SigningKey];
        var clock = new FakeTimeProvider(DayOfTrade.Begin.AddDays(3));
        trade.Clock = clock;

        var first = await trade.RunAsync("retain", ["--older-than", "1d", .. options]);
        var second = await trade.RunAsync("retain", ["--older-than", "1d", .. options]);

        Assert.True(first.ExitCode == 0, first.Error);
        Assert.StartsWith("Took the content of 12", first.Output, StringComparison.Ordinal);
        Assert.StartsWith("There was nothing", second.Output, StringComparison.Ordinal);
        clock.Advance(TimeSpan.FromDays(500));
        var third = await trade.RunAsync("retain", ["--older-than", "400d", .. options]);
        Assert.StartsWith("There was nothing", third.Output, StringComparison.Ordinal); // what says so stays
        Assert.All(trade.Trail.Verify(), v => Assert.Null(v.Fault));
    }

    [Fact]
    [Control("AUD-10")]
    public async Task Erasing_a_person_leaves_no_value_of_theirs_and_the_trail_verifies()
    {
        using var trade = await TradeTrail.WriteAsync(3_000);
        var anna = DayOfTrade.Person("staff:anna");
        var ofAnna = trade.Written.Count(r => r.Person == anna);
        string[] who = ["--person", "staff:anna", "--investigation-key", trade.InvestigationKey];

        string[] act = ["--reason", "request 88 of 2026", "--by", "privacy@shop.example", "--signing-key", trade.SigningKey];
        var run = await trade.RunAsync("erase", [.. who, .. act]);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains($"in {ofAnna} records", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(trade.Trail.Read(), r => r.Person == anna);
        Assert.DoesNotContain(Encoding.ASCII.GetString(await BytesAsync(trade.Trail.File)), anna, StringComparison.Ordinal);
        var verdicts = trade.Trail.Verify();
        Assert.All(verdicts, v => Assert.Null(v.Fault));
        Assert.Equal(2 * ofAnna, verdicts[0].Erased); // for whom, and from where
        var others = trade.Written.Count(r => r.Person is not null && r.Person != anna);
        Assert.Equal(others, trade.Trail.Read().Count(r => r.Person is not null));
        var said = trade.Trail.Read().Where(r => r.Kind == AuditKind.Erasure).ToList();
        Assert.All(said, r => Assert.Equal(("privacy@shop.example", "request 88 of 2026", null), (r.Who, r.Reason, r.Person)));
    }

    [Fact]
    public async Task Erasing_whom_calls_were_about_leaves_those_who_made_them()
    {
        using var trade = await TradeTrail.WriteAsync(3_000);
        string[] who = ["--about", "customer:17", "--investigation-key", trade.InvestigationKey];
        var about = trade.Written.Where(r => r.About.Contains(DayOfTrade.About(17))).Select(r => r.RequestId).ToHashSet();

        var run = await trade.RunAsync("erase", [.. who, "--reason", "a request", "--signing-key", trade.SigningKey]);
        var again = await trade.RunAsync("erase", [.. who, "--reason", "a request", "--signing-key", trade.SigningKey]);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.StartsWith("There was nothing", again.Output, StringComparison.Ordinal);
        var left = trade.Trail.Read()
            .Where(r => r.RequestId is { } id && about.Contains(id) && r.Kind is not (AuditKind.Outcome or AuditKind.Unknown)).ToList();
        Assert.NotEmpty(left);
        Assert.All(left, r => Assert.Empty(r.About));
        Assert.All(left, r => Assert.NotNull(r.Person));
        Assert.All(trade.Trail.Verify(), v => Assert.Null(v.Fault));
    }

    [Fact]
    [Control("AUD-2", "personal values taken out by hand")]
    public async Task What_is_taken_out_by_hand_is_named_also_among_what_was_erased()
    {
        using var trade = await TradeTrail.WriteAsync(3_000);
        string[] act = ["--reason", "request 88 of 2026", "--signing-key", trade.SigningKey];
        await trade.RunAsync("erase", ["--person", "staff:anna", "--investigation-key", trade.InvestigationKey, .. act]);
        Assert.All(trade.Trail.Verify(), v => Assert.Null(v.Fault));
        var other = trade.Trail.Records().First(r => r.Sequence > 1000 && r.Personal is not null).Sequence;

        trade.Trail.Change($"UPDATE records SET personal = NULL WHERE chain = 1 AND sequence = {other}");

        Assert.Equal(other, trade.Trail.Verify()[0].Fault?.Sequence);
    }

    [Fact]
    [Control("AUD-2", "an erasure excuses what it names")]
    public async Task What_was_not_erased_beside_the_same_record_may_not_be_missing()
    {
        using var trade = await TradeTrail.WriteAsync(50);
        string[] act = ["--reason", "a request", "--signing-key", trade.SigningKey];
        Assert.Equal(0, (await trade.RunAsync("erase", ["--person", "staff:anna", "--investigation-key", trade.InvestigationKey, .. act])).ExitCode);
        var said = Assert.Single(trade.Trail.Read(), r => r.Kind == AuditKind.Erasure);
        var first = said.Details.Single(d => d.Name == AuditDetail.Erased).Value.Split(',')[0];
        Assert.True(ErasedValues.TryParse(first, out var sequence, out var values));
        Assert.Equal(PersonalValues.Person | PersonalValues.Client, values);
        Assert.Null(trade.Trail.Verify()[0].Fault);

        trade.Trail.Change($"UPDATE records SET personal = NULL WHERE chain = 1 AND sequence = {sequence}"); // whose order it was, too

        Assert.Equal(sequence, trade.Trail.Verify()[0].Fault?.Sequence);
    }

    [Fact]
    [Control("AUD-10", "the journal")]
    public async Task It_is_said_where_the_journal_could_not_be_emptied()
    {
        using var trade = await TradeTrail.WriteAsync(50);
        string[] whose = ["--person", "staff:anna", "--investigation-key", trade.InvestigationKey];
        string[] command = [.. whose, "--reason", "a request", "--signing-key", trade.SigningKey];
        using (var reading = SqliteAuditReader.Open(trade.Trail.File))
        {
            reading.Freeze(); // what it reads is in the file, and everything after that in the journal
            var held = await trade.RunAsync("erase", command);
            Assert.Equal(1, held.ExitCode);
            Assert.Contains("run it again", held.Error, StringComparison.Ordinal);
        }

        var again = await trade.RunAsync("erase", command);
        Assert.True(again.ExitCode == 0, again.Error);
    }

    [Theory]
    [InlineData("erase")]
    [InlineData("retain")]
    [Control("AUD-4", "what the command line signs")]
    public async Task What_is_signed_for_an_erasure_or_a_retention_is_copied_to_the_second_place(string command)
    {
        using var trade = await TradeTrail.WriteAsync(50);
        trade.Clock = new FakeTimeProvider(DayOfTrade.Begin.AddDays(3));
        string[] what = command == "retain" ? ["--older-than", "1d"] : ["--person", "staff:anna", "--investigation-key", trade.InvestigationKey];

        string[] act = ["--reason", "a request", "--signing-key", trade.SigningKey, "--checkpoints", trade.Trail.Copies];
        var run = await trade.RunAsync(command, [.. what, .. act]);

        Assert.True(run.ExitCode == 0, run.Error);
        var own = trade.Trail.Verify()[1];
        Assert.Equal(own.Last, own.Signed);
        Assert.Contains(CheckpointCopies.Read(trade.Trail.Copies), c => c.Checkpoint.Origin == own.Chain.Origin && c.Checkpoint.Size == own.Last);
    }

    /// <summary>As the guide has it: the command is told of the key, and not of the second place.</summary>
    [Fact]
    public async Task What_a_command_signed_and_did_not_copy_is_said_and_is_no_fault()
    {
        using var trade = await TradeTrail.WriteAsync(50);
        string[] who = ["--person", "staff:anna", "--investigation-key", trade.InvestigationKey];
        string[] act = ["--reason", "request 88", "--by", "privacy@shop.example", "--signing-key", trade.SigningKey];
        Assert.Equal(0, (await trade.RunAsync("erase", [.. who, .. act])).ExitCode);

        var verified = await trade.VerifyAsync();

        Assert.True(verified.ExitCode == 0, verified.Output);
        Assert.Contains("The second place has no checkpoint of this chain: commands copy", verified.Output, StringComparison.Ordinal);
        File.Delete(Assert.Single(Directory.GetFiles(trade.Trail.Copies)));
        Assert.Equal(1, (await trade.VerifyAsync()).ExitCode); // of a gateway it is one
    }

    [Fact]
    public async Task A_key_that_was_replaced_is_named_with_the_former_one()
    {
        using var trade = await TradeTrail.WriteAsync(5);
        string[] act = ["--older-than", "1d", "--reason", "policy"];
        Assert.Equal(0, (await trade.RunAsync("retain", [.. act, "--signing-key", trade.SigningKey])).ExitCode);
        using var newer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = $"file:{trade.WriteSecret("newer", newer.ExportPkcs8PrivateKeyPem())}";

        Assert.Equal(1, (await trade.RunAsync("retain", [.. act, "--signing-key", key])).ExitCode); // whose signature is on what is there?
        var run = await trade.RunAsync("retain", [.. act, "--signing-key", key, "--former-key", trade.Trail.PublicKey]);

        Assert.True(run.ExitCode == 0, run.Error);
    }

    [Fact]
    [Control("AUD-2", "an erasure that nobody signed")]
    public async Task A_record_of_erasure_that_nobody_signed_excuses_nothing()
    {
        using var trade = await TradeTrail.WriteAsync(50);
        trade.Trail.Change("DELETE FROM checkpoints WHERE chain > 1");
        await trade.RunAsync(
            "erase", "--person", "staff:anna", "--investigation-key", trade.InvestigationKey, "--reason", "a request",
            "--signing-key", trade.SigningKey);
        trade.Trail.Change("DELETE FROM checkpoints WHERE chain > 1");

        Assert.NotNull(trade.Trail.Verify()[0].Fault);
    }

    [Fact]
    public async Task Nothing_is_erased_without_a_reason_and_without_saying_whose()
    {
        using var trade = await TradeTrail.WriteAsync(5);

        Assert.Equal(2, (await trade.RunAsync("erase", "--reason", "because")).ExitCode);
        Assert.Equal(2, (await trade.RunAsync("erase", "--about", "customer:17", "--investigation-key", trade.InvestigationKey)).ExitCode);
        string[] unsigned = ["--about", "customer:17", "--investigation-key", trade.InvestigationKey, "--reason", "because"];
        Assert.Equal(2, (await trade.RunAsync("erase", unsigned)).ExitCode);
        Assert.Equal(2, (await trade.RunAsync("retain", "--older-than", "1h", "--reason", "because")).ExitCode);
    }

    [Theory]
    [InlineData("23h")]
    [InlineData("36501d")]
    [InlineData("10000000d")]
    [InlineData("999999999d")]
    public async Task No_age_is_less_than_a_day_or_before_all_dates(string age)
    {
        using var trade = await TradeTrail.WriteAsync(5);

        var run = await trade.RunAsync("retain", "--older-than", age, "--reason", "because", "--signing-key", trade.SigningKey);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"'{age}' is not a time such as 400d, from 1d to 36500d.", run.Error, StringComparison.Ordinal);
    }

    /// <summary>The file and its journal.</summary>
    private static async Task<byte[]> BytesAsync(string file)
    {
        var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        var journal = file + "-wal";
        return File.Exists(journal) ? [.. bytes, .. await File.ReadAllBytesAsync(journal, TestContext.Current.CancellationToken)] : bytes;
    }

    private static AuditRecord At(int number, TimeProvider clock)
    {
        var sample = TestTrail.Sample(number);
        return new AuditRecord
        {
            Kind = sample.Kind,
            Time = clock.GetUtcNow(),
            RequestId = sample.RequestId,
            Person = sample.Person,
            Consumer = sample.Consumer,
        };
    }
}
