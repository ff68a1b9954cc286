using System.Text.Json.Nodes;
using Gatehouse.Audit;
using Gatehouse.Cli;
using Gatehouse.Cli.Commands;
using Gatehouse.Configuration;
using Gatehouse.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Cli;

public sealed class AuditCommandTests : IDisposable
{
    private readonly TestTrail _trail = new();
    private readonly TestFolder _folder = new();

    public void Dispose()
    {
        _trail.Dispose();
        _folder.Dispose();
    }

    [Fact]
    [Control("AUD-2")]
    [Control("AUD-8")]
    public async Task Verify_says_what_holds_and_exits_1_when_something_does_not()
    {
        await _trail.WriteAsync(10);

        var holds = await AuditAsync("verify", _trail.File, "--key", _trail.PublicKey);
        _trail.Change("UPDATE records SET line = CAST(replace(line, 'web-shop', 'app-shop') AS BLOB) WHERE sequence = 5");
        var broken = await AuditAsync("verify", _trail.File, "--key", _trail.PublicKey);

        Assert.Equal((ExitCode.Done, ""), (holds.ExitCode, holds.Error));
        Assert.Contains("holds, records 1 to 12. Signed up to 12", holds.Output, StringComparison.Ordinal);
        Assert.Contains("cannot be known", holds.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Failed, broken.ExitCode);
        Assert.Contains("DOES NOT HOLD at record 5", broken.Output, StringComparison.Ordinal);
    }

    [Fact]
    [Control("AUD-4")]
    public async Task Verify_compares_with_the_second_place()
    {
        await _trail.WriteAsync(10, o => o with { CheckpointEvery = 5 });
        string[] command = ["verify", _trail.File, "--key", _trail.PublicKey, "--checkpoints", _trail.Copies];
        Assert.Equal(ExitCode.Done, (await AuditAsync(command)).ExitCode);

        _trail.Change("DELETE FROM records WHERE sequence > 5; DELETE FROM checkpoints WHERE size > 5");

        Assert.Equal(ExitCode.Done, (await AuditAsync(command[..4])).ExitCode);
        var compared = await AuditAsync(command);
        Assert.Equal(ExitCode.Failed, compared.ExitCode);
        Assert.Contains("DOES NOT HOLD at record 6", compared.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_works_on_a_copy_without_leave_to_write()
    {
        await _trail.WriteAsync(3);
        var copy = _folder.Of("copy.db");
        File.Copy(_trail.File, copy);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(copy, UnixFileMode.UserRead);

        Assert.Equal(ExitCode.Done, (await AuditAsync("verify", copy, "--key", _trail.PublicKey)).ExitCode);
    }

    [Theory]
    [InlineData("not a database at all, whatever it is")]
    [InlineData("")]
    public async Task Verify_fails_on_what_is_no_trail(string content)
    {
        var run = await AuditAsync("verify", _folder.Write("other.db", content), "--key", _trail.PublicKey);

        Assert.Equal((ExitCode.Failed, ""), (run.ExitCode, run.Output));
        Assert.Contains("cannot be read", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_fails_on_a_torn_file()
    {
        await _trail.WriteAsync(300);
        using (var file = new FileStream(_trail.File, FileMode.Open)) file.SetLength(file.Length / 2);

        Assert.Equal(ExitCode.Failed, (await AuditAsync("verify", _trail.File, "--key", _trail.PublicKey)).ExitCode);
    }

    [Fact]
    [Control("AUD-9")]
    public async Task A_record_is_proved_without_the_rest()
    {
        await _trail.WriteAsync(20);
        var made = await AuditAsync("prove", _trail.File, "--sequence", "7");
        Assert.Equal((ExitCode.Done, ""), (made.ExitCode, made.Error));
        Assert.DoesNotContain("203.0.113.9", made.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(_trail.Read(), r => r.Kind == AuditKind.Reading);
        Assert.Contains("203.0.113.9", (await AuditAsync("prove", _trail.File, "--sequence", "7", "--personal")).Output, StringComparison.Ordinal);
        var reading = Assert.Single(_trail.Read(), r => r.Kind == AuditKind.Reading); // what is personal is shown to nobody without a record
        var command = Assert.Single(reading.Details, d => d.Name == "command").Value;
        Assert.StartsWith("prove 7 of front-door/audit/edge-1/", command, StringComparison.Ordinal);
        var proof = _folder.Write("proof.json", made.Output);

        var holds = await AuditAsync("prove", "--check", proof, "--key", _trail.PublicKey);

        Assert.Equal(ExitCode.Done, holds.ExitCode);
        Assert.Contains("this is record 7", holds.Output, StringComparison.Ordinal);
        foreach (var (name, change) in Forgeries())
        {
            var forged = JsonNode.Parse(made.Output)!.AsObject();
            change(forged);
            var run = await AuditAsync("prove", "--check", _folder.Write("forged.json", forged.ToJsonString()), "--key", _trail.PublicKey);
            Assert.Equal((name, ExitCode.Failed), (name, run.ExitCode));
        }

        var other = _folder.Write("other.pub", CheckpointKey.Create().Public.Pem);
        Assert.Equal(ExitCode.Failed, (await AuditAsync("prove", "--check", proof, "--key", other)).ExitCode);
    }

    [Theory]
    [InlineData("99")]
    [InlineData("0")]
    public async Task Nothing_is_proved_of_what_is_not_there(string sequence)
    {
        await _trail.WriteAsync(3);
        Assert.Equal(ExitCode.Failed, (await AuditAsync("prove", _trail.File, "--sequence", sequence)).ExitCode);
    }

    [Fact]
    public async Task Personal_values_are_shown_only_when_asked_for()
    {
        await _trail.WriteAsync(3);
        string[] personal = ["203.0.113.9", "person-1", "000000000001"];
        string[][] commands =
        [
            ["show", _trail.File, "--sequence", "3"], ["show", _trail.File, "--request", "request-1"],
            ["tail", _trail.File, "--output", "json"], ["tail", _trail.File],
        ];
        foreach (var command in commands)
        {
            var (without, with) = (await AuditAsync(command), await AuditAsync([.. command, "--personal"]));
            Assert.Equal((ExitCode.Done, ExitCode.Done), (without.ExitCode, with.ExitCode));
            Assert.All(personal, p => Assert.DoesNotContain(p, without.Output, StringComparison.Ordinal));
            Assert.All(personal[..2], p => Assert.Contains(p, with.Output, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Tail_prints_the_newest()
    {
        await _trail.WriteAsync(30);

        var run = await AuditAsync("tail", _trail.File, "--lines", "3");

        Assert.Equal(3, run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("stop", run.Output, StringComparison.Ordinal);
        Assert.Contains("request-29", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_of_several_chains_has_to_be_named()
    {
        await _trail.WriteAsync(3);
        await _trail.WriteAsync(3, o => o with { Instance = "edge-2" });

        var unnamed = await AuditAsync("show", _trail.File, "--sequence", "2");
        var named = await AuditAsync("show", _trail.File, "--sequence", "2", "--instance", "edge-2");

        Assert.Equal(ExitCode.Failed, unnamed.ExitCode);
        Assert.Contains("edge-1 | edge-2", unnamed.Error, StringComparison.Ordinal);
        Assert.Contains("\"instance\": \"edge-2\"", named.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_init_writes_a_key_for_checkpoints_and_its_public_part()
    {
        var path = _folder.Of("audit.pem");

        var gateway = new GatewayOptions { DeclarationPath = "gatehouse.yaml" };

        var run = await Runs.Async(KeyCommand.Create(gateway), "key", "init", path, "--audit");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.DoesNotContain("PRIVATE", run.Output, StringComparison.Ordinal);
        var key = CheckpointKey.Read(new Secret("file:audit.pem", File.ReadAllBytes(path)), out _)!;
        Assert.Equal(key.Public.Id, CheckpointVerifier.Read(File.ReadAllText(path + ".pub"))!.Id);
        Assert.Contains(key.Public.Pem, run.Output, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(ExitCode.Failed, (await Runs.Async(KeyCommand.Create(gateway), "key", "init", path, "--audit")).ExitCode);
    }

    [Theory]
    [InlineData("verify", "audit.db")]
    [InlineData("prove", "audit.db")]
    [InlineData("prove", "--check", "proof.json")]
    [InlineData("prove", "audit.db", "--check", "proof.json", "--key", "audit.pub")]
    [InlineData("show", "audit.db")]
    [InlineData("tail", "audit.db", "--lines", "0")]
    public async Task Wrong_use_is_told_of(params string[] arguments) => Assert.Equal(ExitCode.WrongUse, (await AuditAsync(arguments)).ExitCode);

    private static IEnumerable<(string Name, Action<JsonObject> Change)> Forgeries() =>
    [
        ("another record", j => j["record"] = ((string)j["record"]!).Replace("web-shop", "app-shop", StringComparison.Ordinal)),
        ("another number", j => j["index"] = 7),
        ("another hash", j => j["proof"]![0] = new string('0', 64)),
        ("a hash less", j => j["proof"]!.AsArray().RemoveAt(0)),
        ("another size", j => j["checkpoint"] = ((string)j["checkpoint"]!).Replace("\n22\n", "\n23\n", StringComparison.Ordinal)),
        ("another origin", j => j["checkpoint"] = ((string)j["checkpoint"]!).Replace("front-door", "back-door", StringComparison.Ordinal)),
        ("no form", j => j.Remove("form")),
        ("no record", j => j.Remove("record")),
    ];

    private static Task<Runs.Run> AuditAsync(params string[] arguments) =>
        Runs.Async(AuditCommand.Create(new GatewayOptions { DeclarationPath = "gatehouse.yaml" }), ["audit", .. arguments]);
}
