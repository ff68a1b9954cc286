using System.Security.Cryptography;
using System.Text.Json;
using Gatehouse.Audit;
using Gatehouse.Cli;
using Gatehouse.Cli.Commands;
using Gatehouse.Consumers;
using Gatehouse.Hosting;
using Gatehouse.TestKit;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Cli;

/// <summary>Keys and suspensions by the command line, in a register of one instance.</summary>
public sealed class RegisterCommandTests : IDisposable
{
    private const string Declaration =
        """
        gatehouse: v1
        gateway: { name: front-door, owner: platform@retailer.example, environment: test }
        listeners:
          edge: { address: "127.0.0.1:8080", serves: [public] }
        administration: { address: "127.0.0.1:9900" }
        keys: { pepper: "file:test.pepper" }
        stores: { sqlite: gatehouse.db }
        register: { store: sqlite, kept: gatehouse.kept }
        consumers:
          stock-sync: { kind: service, owner: stock@retailer.example, grants: [stock.read], authenticate: [ { apiKey: { issued: true } } ] }
          till:
            kind: service
            owner: tills@retailer.example
            grants: [stock.read]
            authenticate: [ { apiKey: { id: k7f3abcd, hash: HASH, expires: 2027-06-30 } } ]
        upstreams:
          stock: { destinations: ["http://127.0.0.1:5101"] }
        apis:
          stock:
            owner: stock@retailer.example
            purpose: Stock of the shops
            upstream: stock
            routes:
              get-stock:
                match: GET /stock/{article}
                exposure: public
                effect: read
                personalData: none
                access: { consumers: [stock-sync, till], scopes: [stock.read] }
                limits: [ { per: consumer, allow: 60, every: 1m } ]
        """;

    private readonly TestFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero));
    private readonly string _file;

    public RegisterCommandTests()
    {
        var pepper = _folder.Write("test.pepper", "a pepper of at least thirty-two bytes");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(pepper, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _file = _folder.Write("gatehouse.yaml", Declaration.Replace("HASH", $"\"hmac-sha256:{new string('A', 43)}\"", StringComparison.Ordinal));
    }

    private GatewayOptions Gateway => new() { DeclarationPath = _file, Clock = _clock };

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Control("KEY-1", "the register's keys")]
    public async Task Create_shows_the_key_once_and_the_register_has_it_without()
    {
        var (key, id) = await CreateAsync();
        Assert.True(ApiKeyText.TryParse(key, out var parsed) && parsed.SequenceEqual(id));
        Assert.DoesNotContain(key[13..45], File.ReadAllText(_folder.Of("gatehouse.db")), StringComparison.Ordinal);
        var list = await KeyAsync("list", "--output", "json");
        Assert.DoesNotContain(key, list.Output, StringComparison.Ordinal);
        Assert.Equal([$"k7f3abcd till 2027-06-30 live", $"{id} stock-sync 2027-11-26 live"], Keys(list));
    }

    [Theory]
    [InlineData("till", "takes no issued keys")]
    [InlineData("stock-snyc", "did you mean 'stock-sync'?")]
    public async Task Create_makes_no_key_that_the_declaration_would_not_take(string consumer, string said)
    {
        var run = await KeyAsync("create", "--store", "--consumer", consumer);
        Assert.Equal((ExitCode.Failed, ""), (run.ExitCode, run.Output));
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    [Control("KEY-4", "the register's keys live for a year at most")]
    public async Task Create_refuses_a_life_that_is_too_long() =>
        Assert.Equal(ExitCode.WrongUse, (await KeyAsync("create", "--store", "--consumer", "stock-sync", "--expires", "2027-11-27")).ExitCode);

    [Fact]
    [Control("KEY-5", "by the command line")]
    public async Task Rotate_makes_another_key_and_ends_the_old_one_after_the_overlap()
    {
        var (_, id) = await CreateAsync();
        var run = await KeyAsync("rotate", "--id", id, "--overlap", "2d", "--output", "json");
        Assert.Equal(ExitCode.Done, run.ExitCode);
        using var json = JsonDocument.Parse(run.Output);
        var next = json.RootElement.GetProperty("id").GetString();
        Assert.Equal([$"k7f3abcd till 2027-06-30 live", $"{id} stock-sync 2026-11-28 expires soon", $"{next} stock-sync 2027-11-26 live"],
            Keys(await KeyAsync("list", "--output", "json")));
        Assert.Equal(ExitCode.WrongUse, (await KeyAsync("rotate", "--id", id, "--overlap", "91d")).ExitCode);
    }

    [Fact]
    [Control("KEY-11", "keys near their end")]
    public async Task List_says_which_keys_of_the_register_still_open_something()
    {
        var ((_, live), (_, revoked)) = (await CreateAsync(), await CreateAsync());
        Assert.Equal(ExitCode.Done, (await KeyAsync("revoke", "--id", revoked, "--reason", "it leaked", "--by", "ben")).ExitCode);
        Assert.Equal([$"k7f3abcd till 2027-06-30 live", $"{live} stock-sync 2027-11-26 live", $"{revoked} stock-sync 2027-11-26 revoked"],
            Keys(await KeyAsync("list", "--output", "json")).Order(Comparer<string>.Create((a, b) => Rank(a).CompareTo(Rank(b)))));
        _clock.Advance(TimeSpan.FromDays(340));
        Assert.Contains($"{live} stock-sync 2027-11-26 expires soon", Keys(await KeyAsync("list", "--output", "json")));

        int Rank(string key) => key.StartsWith("k7f3", StringComparison.Ordinal) ? 0 : key.StartsWith(live, StringComparison.Ordinal) ? 1 : 2;
    }

    [Fact]
    [Control("LOG-5", "keys and suspensions by the command line")]
    [Control("AUD-7", "keys and suspensions by the command line")]
    public async Task Every_change_is_recorded_where_there_is_a_trail_and_none_is_made_where_that_cannot_be_written()
    {
        using var signer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _folder.WriteSecret("audit.pem", signer.ExportPkcs8PrivateKeyPem());
        File.AppendAllText(_file, "\naudit: { store: trails/audit.db, key: \"file:audit.pem\" }\n");
        Assert.Equal(ExitCode.Failed, (await KeyAsync("create", "--store", "--consumer", "stock-sync")).ExitCode); // there is no such folder
        Assert.DoesNotContain("stock-sync", (await KeyAsync("list")).Output, StringComparison.Ordinal);

        Directory.CreateDirectory(_folder.Of("trails"));
        var (key, id) = await CreateAsync();
        Assert.Equal(ExitCode.Done, (await KeyAsync("revoke", "--id", id, "--reason", "it leaked", "--by", "ben")).ExitCode);

        using var reader = SqliteAuditReader.Open(_folder.Of("trails/audit.db"));
        var chain = Assert.Single(reader.Chains());
        var records = reader.Records(chain).Select(r => RecordReader.Read(r)!.Record).ToList();
        Assert.All(records, r => Assert.Equal(AuditKind.Administration, r.Kind));
        Assert.Equal(["key-issued", "key-issued", "key-revoked", "key-revoked"], records.Select(r => Detail(r, "act"))); // before, and after
        Assert.Equal([AuditOutcome.None, AuditOutcome.Done, AuditOutcome.None, AuditOutcome.Done], records.Select(r => r.Outcome));
        Assert.All(records[2..], r => Assert.Equal(("ben", "it leaked", $"key {id} of stock-sync"), (r.Who, r.Reason, Detail(r, "subject"))));
        Assert.DoesNotContain(reader.Records(chain), r => System.Text.Encoding.UTF8.GetString(r.Line!).Contains(key, StringComparison.Ordinal));

        // a store that refuses in the midst of it: the trail has said what was to be done, and says that it was not
        using (var store = new SqliteConnection($"Data Source={_folder.Of("gatehouse.db")};Pooling=false"))
        {
            store.Open();
            using var trap = store.CreateCommand();
            trap.CommandText = "CREATE TRIGGER trap BEFORE INSERT ON gatehouse_register_changes BEGIN SELECT RAISE(ABORT, 'no'); END";
            trap.ExecuteNonQuery();
        }

        var failed = await KeyAsync("create", "--store", "--consumer", "stock-sync");
        Assert.Equal(ExitCode.Failed, failed.ExitCode);
        Assert.Contains("nothing was changed", failed.Error, StringComparison.Ordinal);
        records = [.. reader.Records(chain).Select(r => RecordReader.Read(r)!.Record)];
        Assert.Equal([AuditOutcome.None, AuditOutcome.FailedBefore], records[4..].Select(r => r.Outcome));

        static string? Detail(AuditRecord record, string name) => record.Details.FirstOrDefault(d => d.Name == name)?.Value;
    }

    [Fact]
    public async Task Revoke_ends_a_key_of_the_register_once_and_says_where_others_are()
    {
        var (_, id) = await CreateAsync();
        Assert.Equal(ExitCode.Done, (await KeyAsync("revoke", "--id", id, "--reason", "it leaked", "--by", "ben")).ExitCode);
        var again = await KeyAsync("revoke", "--id", id, "--reason", "again");
        Assert.Equal(ExitCode.Failed, again.ExitCode);
        Assert.Contains("by ben: it leaked", again.Error, StringComparison.Ordinal);
        var declared = await KeyAsync("revoke", "--id", "k7f3abcd", "--reason", "x");
        Assert.Contains("suspend credential k7f3abcd", declared.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.WrongUse, (await KeyAsync("revoke", "--id", id)).ExitCode);
        Assert.Equal(ExitCode.WrongUse, (await KeyAsync("revoke", "--id", id, "--print", "--reason", "x")).ExitCode);
    }

    [Fact]
    public async Task What_is_suspended_is_listed_with_who_and_why_until_it_is_resumed()
    {
        var until = await SuspendAsync("consumer", "till", "--reason", "it floods", "--by", "anna", "--until", "2026-12-01");
        Assert.Equal(ExitCode.Done, until.ExitCode);
        Assert.Contains("is suspended, on every instance of front-door/test within", until.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, (await SuspendAsync("route", "stock/get-stock", "--reason", "an incident", "--by", "ben")).ExitCode);
        Assert.Equal(ExitCode.Done, (await SuspendAsync("credential", "k7f3abcd", "--reason", "it leaked", "--by", "ben")).ExitCode);
        Assert.Equal(
            ["consumer till 2026-12-01T00:00:00Z anna it floods", "credential k7f3abcd  ben it leaked", "route stock/get-stock  ben an incident"],
            await SuspendedAsync());
        var resumed = await Runs.Async(SuspendCommand.Resume(Gateway), "resume", "route", "stock/get-stock", "--reason", "mended");
        Assert.Equal(ExitCode.Done, resumed.ExitCode);
        _clock.Advance(TimeSpan.FromDays(5));
        Assert.Equal(["credential k7f3abcd  ben it leaked"], await SuspendedAsync());
        Assert.Equal(3, (await SuspendedAsync("--all")).Count);
    }

    [Theory]
    [InlineData(ExitCode.Failed, "did you mean 'till'?", "consumer", "tilll", "--reason", "x")]
    [InlineData(ExitCode.Failed, "has no route 'stock/put-stock'", "route", "stock/put-stock", "--reason", "x")]
    [InlineData(ExitCode.WrongUse, "--reason", "consumer", "till")]
    [InlineData(ExitCode.WrongUse, "of several credentials one", "credential", "a+b", "--reason", "x")]
    [InlineData(ExitCode.WrongUse, "is over", "consumer", "till", "--reason", "x", "--until", "2026-11-26")]
    [InlineData(ExitCode.WrongUse, "is not an instant", "consumer", "till", "--reason", "x", "--until", "tomorrow")]
    [InlineData(ExitCode.WrongUse, "one line", "consumer", "till", "--reason", "a\nb")]
    [InlineData(ExitCode.WrongUse, "assistant", "assistant", "till", "--reason", "x")]
    public async Task Nothing_is_suspended_that_there_is_not(int exitCode, string said, params string[] arguments)
    {
        var run = await SuspendAsync(arguments);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        Assert.Empty(await SuspendedAsync("--all"));
    }

    [Fact]
    public async Task A_declaration_without_a_register_has_nothing_to_change()
    {
        _folder.Write("gatehouse.yaml", File.ReadAllText(_file)
            .Replace("register: { store: sqlite, kept: gatehouse.kept }\n", "", StringComparison.Ordinal)
            .Replace("issued: true", $"id: aaaa, hash: \"hmac-sha256:{new string('A', 43)}\", expires: 2027-06-30", StringComparison.Ordinal));
        var run = await SuspendAsync("consumer", "till", "--reason", "x");
        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("has no register", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_cannot_be_written_is_said_in_one_line_without_its_texts()
    {
        _folder.Write("gatehouse.db", new string('x', 5000));
        var run = await SuspendAsync("consumer", "till", "--reason", "x");
        Assert.Equal((ExitCode.Failed, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("The register's store 'sqlite' cannot be read or written (SqliteException", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    private async Task<(string Key, string Id)> CreateAsync()
    {
        var run = await KeyAsync("create", "--store", "--consumer", "stock-sync", "--output", "json");
        Assert.Equal(("", ExitCode.Done), (run.Error, run.ExitCode));
        using var json = JsonDocument.Parse(run.Output);
        return (json.RootElement.GetProperty("key").GetString()!, json.RootElement.GetProperty("id").GetString()!);
    }

    private Task<Runs.Run> KeyAsync(params string[] arguments) => Runs.Async(KeyCommand.Create(Gateway), ["key", .. arguments]);

    private Task<Runs.Run> SuspendAsync(params string[] arguments) => Runs.Async(SuspendCommand.Suspend(Gateway), ["suspend", .. arguments]);

    private async Task<List<string>> SuspendedAsync(params string[] arguments)
    {
        var run = await Runs.Async(SuspendCommand.Suspended(Gateway), ["suspended", "--output", "json", .. arguments]);
        Assert.Equal(ExitCode.Done, run.ExitCode);
        using var json = JsonDocument.Parse(run.Output);
        string[] shown = ["kind", "name", "until", "by", "reason"];
        var lines = json.RootElement.EnumerateArray().Select(s => string.Join(' ', shown.Select(n => s.GetProperty(n).GetString())));
        return [.. lines.Order(StringComparer.Ordinal)];
    }

    private static List<string> Keys(Runs.Run list)
    {
        Assert.Equal(("", ExitCode.Done), (list.Error, list.ExitCode));
        using var json = JsonDocument.Parse(list.Output);
        string[] shown = ["id", "consumer", "expires", "state"];
        return [.. json.RootElement.EnumerateArray().Select(k => string.Join(' ', shown.Select(n => k.GetProperty(n).GetString())))];
    }
}
