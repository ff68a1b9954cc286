using System.Globalization;
using System.Text;
using Gatehouse.Audit;
using Gatehouse.Cli;
using Gatehouse.Cli.Commands;
using Gatehouse.Configuration;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.FunctionalTests.Stores;
using Gatehouse.Hosting;
using Gatehouse.Stores;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Audit;

/// <summary>Trails of several instances in one PostgreSQL.</summary>
public sealed class PostgresTrailTests : IAsyncLifetime
{
    private readonly TestTrail _keys = new();
    private readonly TestFolder _folder = new();
    private PostgresServer _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync(Cancel);
        _folder.WriteSecret("connection", _server.Connection);
        _folder.WriteSecret("investigation", DayOfTrade.Secret);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
        _keys.Dispose();
    }

    private string Place => $"postgres:file:{_folder.Of("connection")}";

    private string InvestigationKey => $"file:{_folder.Of("investigation")}";

    [Fact]
    [Control("AUD-6", "several instances in one store, each with its own chain")]
    public async Task Instances_write_chains_of_their_own_into_one_database_and_all_of_them_verify()
    {
        string[] instances = ["edge-1", "edge-2", "edge-3"];
        await Task.WhenAll(instances.Select(i => WriteAsync(i, 200)));
        await WriteAsync("edge-2", 50); // and once more

        var verified = await RunAsync("verify", "--key", _keys.PublicKey, "--checkpoints", _keys.Copies);

        Assert.True(verified.ExitCode == ExitCode.Done, verified.Output + verified.Error);
        foreach (var instance in instances) Assert.Contains($"{instance} (front-door/audit/{instance}/", verified.Output, StringComparison.Ordinal);
        using var reader = PostgresAuditReader.Open(Settings());
        Assert.Equal(instances.Order(StringComparer.Ordinal), reader.Chains().Select(c => c.Instance).Order(StringComparer.Ordinal));
        Assert.All(reader.Chains(), c => Assert.All(reader.Records(c), r => Assert.Equal(c.Instance, RecordReader.Read(r)!.Record.Instance)));
    }

    [Theory]
    [Control("AUD-2", "of rows in PostgreSQL")]
    [InlineData("UPDATE audit_records SET line = convert_to(replace(convert_from(line, 'UTF8'), 'web-shop', 'web-sh0p'), 'UTF8') WHERE sequence = 20", 20)]
    [InlineData("DELETE FROM audit_records WHERE sequence = 20", 20)]
    [InlineData("UPDATE audit_records SET sequence = CASE sequence WHEN 20 THEN 21 ELSE 20 END WHERE sequence IN (20, 21)", 20)]
    [InlineData("DELETE FROM audit_records WHERE sequence > 20", 21)]
    [InlineData("UPDATE audit_records SET line = NULL WHERE sequence = 20", 20)]
    [InlineData("UPDATE audit_records SET personal = convert_to(replace(convert_from(personal, 'UTF8'), '203.0.113.9', '203.0.113.8'), 'UTF8') WHERE sequence = 20", 20)]
    public async Task A_row_that_somebody_changed_by_hand_is_named(string change, int sequence)
    {
        await WriteAsync("edge-1", 40);
        Assert.Equal(ExitCode.Done, (await RunAsync("verify", "--key", _keys.PublicKey)).ExitCode);

        await _server.CommandAsync("ALTER TABLE audit_records DROP CONSTRAINT audit_records_pkey", Cancel); // who may change rows may do that too
        await _server.CommandAsync(change, Cancel);
        var verified = await RunAsync("verify", "--key", _keys.PublicKey);

        Assert.Equal(ExitCode.Failed, verified.ExitCode);
        Assert.Contains($"DOES NOT HOLD at record {sequence}:", verified.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_writes_a_chain_that_another_process_writes()
    {
        using var first = await BeginAsync("edge-1");
        using var second = Open("edge-1");

        Assert.False(await second.Begun.WaitAsync(Patience.Limit, Cancel));
        Assert.True(await first.WriteAsync(TestTrail.Sample(1)));
    }

    [Fact]
    [Control("AUD-7", "with PostgreSQL gone and back")]
    public async Task A_server_that_stops_and_starts_is_written_to_again_and_nothing_acknowledged_is_lost()
    {
        using var trail = await BeginAsync("edge-1");
        var acknowledged = new HashSet<string>();
        for (var i = 0; i < 20; i++) await AddAsync(i);
        await _server.StopAsync(Cancel);
        Assert.False(await trail.WriteAsync(TestTrail.Sample(100))); // and no exception, and no hang
        Assert.True(trail.Post(TestTrail.Sample(101)));
        await _server.StartAgainAsync(Cancel);
        await Eventually.HoldsAsync(() => Task.FromResult(trail.Writable), Cancel);
        for (var i = 20; i < 40; i++) await AddAsync(i);
        await _server.CutAsync(Cancel); // connections only
        await Eventually.HoldsAsync(async () => await trail.WriteAsync(TestTrail.Sample(102)), Cancel);
        trail.Dispose();

        using var reader = PostgresAuditReader.Open(Settings());
        var there = reader.Chains().SelectMany(c => reader.Records(c).ToList()).Select(r => RecordReader.Read(r)!.Record.RequestId).ToHashSet();
        Assert.Empty(acknowledged.Except(there!));
        Assert.Contains("request-101", there);
        var verified = await RunAsync("verify", "--key", _keys.PublicKey, "--checkpoints", _keys.Copies);
        Assert.True(verified.ExitCode == ExitCode.Done, verified.Output);

        async Task AddAsync(int i)
        {
            if (await trail.WriteAsync(TestTrail.Sample(i))) acknowledged.Add($"request-{i}");
        }
    }

    [Fact]
    public async Task A_server_that_does_not_answer_keeps_nobody_waiting_beyond_the_bound()
    {
        await using var proxy = new FaultProxy(_server.Address);
        var settings = PostgresSettings.Parse(new Secret("test", Encoding.UTF8.GetBytes(PostgresServer.ConnectionTo(proxy.Address))), out _)! with
        {
            Timeout = TimeSpan.FromSeconds(1),
        };
        using var trail = Open("edge-1", settings);
        Assert.True(await trail.Begun.WaitAsync(Patience.Limit, Cancel));
        Assert.True(await trail.WriteAsync(TestTrail.Sample(1)));

        proxy.Stall();
        Assert.False(await trail.WriteAsync(TestTrail.Sample(2)).AsTask().WaitAsync(Patience.Limit, Cancel));
        proxy.Mend();

        await Eventually.HoldsAsync(async () => await trail.WriteAsync(TestTrail.Sample(3)), Cancel);
    }

    [Fact]
    public async Task Many_exchanges_share_one_transaction()
    {
        var tally = new AuditTally();
        using var trail = Open("edge-1", tally: tally);
        Assert.True(await trail.Begun.WaitAsync(Patience.Limit, Cancel));

        var written = await Task.WhenAll(
            Enumerable.Range(0, 2_000).Select(i => Task.Run(async () => await trail.WriteAsync(TestTrail.Sample(i)), Cancel)));

        Assert.All(written, Assert.True);
        using var reader = PostgresAuditReader.Open(Settings());
        Assert.True(reader.Last(reader.Chains()[0]) >= 2_000);
        Assert.True(tally.Commits.Value < 1_000, $"{tally.Commits.Value} transactions for 2000 records");
    }

    [Fact]
    public async Task The_same_questions_have_the_same_answers_as_in_a_file()
    {
        List<AuditRecord> written = [.. DayOfTrade.Records(5_000), .. DayOfTrade.NamedByTheAnswer("r0900001", 17)];
        using (var trail = await BeginAsync("edge-1"))
            await TestTrail.PostAsync(trail, written);
        using (var file = await _keys.BeginAsync())
            await TestTrail.PostAsync(file, written);
        string[][] questions =
        [
            ["--about", "customer:17", "--investigation-key", InvestigationKey],
            ["--person", "staff:anna", "--investigation-key", InvestigationKey, "--consumer", "care-assistant"],
            ["--problem", "limit-exceeded"],
            ["--decision", "refused", "--since", "2026-11-25T12:00:00Z"],
            ["--route", "returns/create-return", "--until", "2026-11-25T06:00:00Z"],
            ["--request-id", "r0000042"], ["--kind", "intent,unknown,outcome"], ["--consumer", "acme-freight"], [],
        ];

        foreach (var question in questions)
        {
            string[] more = [.. question, "--output", "csv", "--limit", "100000"];
            var ours = Told(await RunAsync("search", more));
            var theirs = Told(await CommandAsync(["audit", "search", _keys.File, .. more]));
            Assert.NotEmpty(theirs);
            Assert.Equal(theirs, ours);
        }

        // what was done by the command line itself is different, of course
        static List<string> Told(Run run)
        {
            Assert.True(run.ExitCode == ExitCode.Done, run.Error);
            var lines = run.Output.Split('\n').Where(l => !l.Contains("cli-", StringComparison.Ordinal) && l.Length > 0).ToList();
            // neither are hashes and times of starts: what follows on a request's id is left out
            return [.. lines.Where(l => l.Contains(",r0", StringComparison.Ordinal)).Select(l => l[..l.LastIndexOf(',')])];
        }
    }

    [Fact]
    [Control("AUD-8", "an export of what is in PostgreSQL")]
    public async Task The_whole_can_be_exported_and_verified_elsewhere_with_the_public_key_alone()
    {
        await WriteAsync("edge-1", 100);
        await WriteAsync("edge-2", 100);
        var file = _folder.Of("trail.jsonl");

        var export = await RunAsync("export", "--to", file, "--signing-key", $"file:{_keys.PrivateKey}", "--reason", "for the auditor");
        await _server.StopAsync(Cancel);
        var verified = await CommandAsync(["audit", "verify", file, "--key", _keys.PublicKey]);

        Assert.True(export.ExitCode == ExitCode.Done, export.Error);
        Assert.True(verified.ExitCode == ExitCode.Done, verified.Output + verified.Error);
        Assert.Contains("edge-2 (", verified.Output, StringComparison.Ordinal);
        Assert.Contains("cli-", verified.Output, StringComparison.Ordinal); // the reading is in it
    }

    [Theory]
    [Control("AUD-2", "what a record is found by, in PostgreSQL")]
    [InlineData("UPDATE audit_records SET consumer = 'somebody' WHERE sequence = 40", 40L)]
    [InlineData("UPDATE audit_records SET kind = 'retention' WHERE sequence = 41", 41L)]
    [InlineData("DELETE FROM audit_subjects WHERE sequence BETWEEN 50 AND 90", null)]
    public async Task What_hides_a_record_from_who_looks_for_it_is_named(string change, long? sequence)
    {
        using (var trail = await BeginAsync("edge-1"))
            await TestTrail.PostAsync(trail, DayOfTrade.Records(200));
        Assert.Equal(ExitCode.Done, (await RunAsync("verify", "--key", _keys.PublicKey)).ExitCode);
        await _server.CommandAsync(change, Cancel);

        var verified = await RunAsync("verify", "--key", _keys.PublicKey);

        Assert.Equal(ExitCode.Failed, verified.ExitCode);
        Assert.Contains("what it is found by was edited", verified.Output + verified.Error, StringComparison.Ordinal);
        if (sequence is { } at) Assert.Contains($"record {at}", verified.Output + verified.Error, StringComparison.Ordinal);
    }

    [Fact]
    [Control("AUD-10", "in PostgreSQL")]
    public async Task Erasing_and_retention_leave_a_trail_that_verifies()
    {
        using (var trail = await BeginAsync("edge-1"))
            await TestTrail.PostAsync(trail, DayOfTrade.Records(6_000));
        string[] act = ["--reason", "a request", "--signing-key", $"file:{_keys.PrivateKey}"];

        var erased = await RunAsync("erase", ["--person", "staff:anna", "--investigation-key", InvestigationKey, .. act]);
        Assert.Equal(0L, await _server.CommandAsync($"SELECT count(*) FROM audit_subjects WHERE subject = '{DayOfTrade.Person("staff:anna")}'", Cancel));
        var found = await RunAsync("search", "--person", "staff:anna", "--investigation-key", InvestigationKey, "--kind", "exchange,intent");
        var kept = await RunAsync("search", "--person", "staff:ben", "--investigation-key", InvestigationKey, "--kind", "exchange,intent");
        Assert.True(erased.ExitCode == ExitCode.Done, erased.Error);
        Assert.StartsWith("0 records", found.Error, StringComparison.Ordinal);
        Assert.False(kept.Error.StartsWith("0 records", StringComparison.Ordinal));

        var retained = await CommandAsync(["audit", "retain", Place, "--older-than", "400d", .. act], new LaterClock(TimeSpan.FromDays(500)));
        Assert.True(retained.ExitCode == ExitCode.Done, retained.Error);
        Assert.Contains("Took the content of 6", retained.Output, StringComparison.Ordinal);
        Assert.Equal(0L, await _server.CommandAsync("SELECT count(*) FROM audit_records WHERE line IS NULL AND (request IS NOT NULL OR personal IS NOT NULL)", Cancel));
        var verified = await RunAsync("verify", "--key", _keys.PublicKey);
        Assert.True(verified.ExitCode == ExitCode.Done, verified.Output + verified.Error);
    }

    [Fact]
    public async Task A_writer_may_be_a_role_that_only_appends()
    {
        await WriteAsync("edge-0", 1); // who may makes the tables
        foreach (var sql in GuideRoles()) await _server.CommandAsync(sql, Cancel);
        var connection = _server.Connection.Replace($"Username={PostgresServer.User}", "Username=gatehouse_writer", StringComparison.Ordinal)
            .Replace($"Password={PostgresServer.Password}", "Password=secret of the writer", StringComparison.Ordinal);
        var settings = PostgresSettings.Parse(new Secret("test", Encoding.UTF8.GetBytes(connection)), out _)!;

        using (var trail = Open("edge-1", settings))
        {
            Assert.True(await trail.Begun.WaitAsync(Patience.Limit, Cancel));
            for (var i = 0; i < 10; i++) Assert.True(await trail.WriteAsync(TestTrail.Sample(i)));
        }

        using var source = PostgresSource.Open(settings);
        string[] changes =
        [
            "UPDATE audit_records SET line = line", "DELETE FROM audit_records", "TRUNCATE audit_records", "DELETE FROM audit_checkpoints",
        ];
        foreach (var sql in changes)
        {
            await using var command = source.CreateCommand(sql);
            await Assert.ThrowsAsync<Npgsql.PostgresException>(() => command.ExecuteNonQueryAsync(Cancel));
        }

        Assert.Equal(ExitCode.Done, (await RunAsync("verify", "--key", _keys.PublicKey)).ExitCode);
    }

    [Fact]
    public async Task Who_may_not_make_the_tables_is_told_so()
    {
        await _server.CommandAsync("CREATE ROLE gatehouse_writer LOGIN PASSWORD 'secret of the writer'", Cancel);
        await _server.CommandAsync("REVOKE CREATE ON SCHEMA public FROM PUBLIC", Cancel);
        var connection = _server.Connection.Replace($"Username={PostgresServer.User}", "Username=gatehouse_writer", StringComparison.Ordinal)
            .Replace($"Password={PostgresServer.Password}", "Password=secret of the writer", StringComparison.Ordinal);
        var told = new StringWriter();

        using var trail = Open("edge-1", PostgresSettings.Parse(new Secret("test", Encoding.UTF8.GetBytes(connection)), out _)!, told);

        Assert.False(await trail.Begun.WaitAsync(Patience.Limit, Cancel));
        Assert.Contains("may not make them", told.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret of the writer", told.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The statements of the guide, so that they are what works.</summary>
    private static IEnumerable<string> GuideRoles()
    {
        var guide = File.ReadAllText(Path.Combine(Golden.Repository, "docs", "guide", "audit.md"));
        var begin = guide.IndexOf("CREATE ROLE gatehouse_writer", StringComparison.Ordinal);
        var end = guide.IndexOf("```", begin, StringComparison.Ordinal);
        return guide[begin..end].Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(s => s.Replace("PASSWORD '…'", "PASSWORD 'secret of the writer'", StringComparison.Ordinal));
    }

    private async Task WriteAsync(string instance, int records)
    {
        using var trail = await BeginAsync(instance);
        await TestTrail.PostAsync(trail, Enumerable.Range(0, records).Select(i => TestTrail.Sample(i)));
    }

    private async Task<AuditTrail> BeginAsync(string instance)
    {
        var trail = Open(instance);
        Assert.True(await trail.Begun.WaitAsync(Patience.Limit, Cancel));
        return trail;
    }

    private AuditTrail Open(string instance, PostgresSettings? settings = null, TextWriter? told = null, AuditTally? tally = null) => new(
        new PostgresAuditStore(settings ?? Settings()),
        Options(instance),
        new EventWriter(TextWriter.Synchronized(told ?? TextWriter.Null), TimeProvider.System),
        TimeProvider.System,
        tally ?? new AuditTally());

    private AuditTrailOptions Options(string instance) => _keys.Options with { Instance = instance };

    private PostgresSettings Settings() => PostgresSettings.Parse(new Secret("test", Encoding.UTF8.GetBytes(_server.Connection)), out _)!;

    private Task<Run> RunAsync(string command, params string[] more) => CommandAsync(["audit", command, Place, .. more]);

    private static async Task<Run> CommandAsync(string[] arguments, TimeProvider? clock = null)
    {
        var (output, error) = (new StringWriter(CultureInfo.InvariantCulture), new StringWriter(CultureInfo.InvariantCulture));
        var gateway = new GatewayOptions { DeclarationPath = "gatehouse.yaml", Clock = clock ?? TimeProvider.System };
        var code = await new CommandLine([AuditCommand.Create(gateway)]).RunAsync(arguments, output, error);
        return new Run(code, output.ToString(), error.ToString());
    }

    private sealed record Run(int ExitCode, string Output, string Error);

    /// <summary>The clock of somebody who comes much later.</summary>
    private sealed class LaterClock(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => TimeProvider.System.GetUtcNow() + by;
    }
}
