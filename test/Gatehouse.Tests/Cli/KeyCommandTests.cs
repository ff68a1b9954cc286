using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Assertions;
using Gatehouse.Cli;
using Gatehouse.Cli.Commands;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Hosting;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Cli;

public sealed partial class KeyCommandTests : IDisposable
{
    private const string Hash = "\"hmac-sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"";

    private const string Incomplete =
        """
        # neither complete nor valid: a key has to exist before the declaration that holds it can be
        keys: { pepper: "file:test.pepper" }
        consumers:
          web-shop: {}
        apis: nonsense
        """;

    private readonly TestFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Init_writes_256_bits_that_only_the_owner_may_read()
    {
        var run = await KeyAsync("init", _folder.Of("test.pepper"));

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal(32, Convert.FromBase64String(File.ReadAllText(_folder.Of("test.pepper"))).Length);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.Of("test.pepper")));
    }

    [Fact]
    public async Task Init_writes_a_key_for_assertions_that_only_the_owner_may_read()
    {
        var path = _folder.Of("assert.pem");

        var run = await KeyAsync("init", path, "--assertions");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Contains("keys: [ \"file:assert.pem\" ]", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", run.Output, StringComparison.Ordinal);
        Assert.Equal("ES256", AssertionKey.Read(new Secret("file:assert.pem", File.ReadAllBytes(path)), out _)?.Algorithm);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(ExitCode.Failed, (await KeyAsync("init", path, "--assertions")).ExitCode);
    }

    [Fact]
    public async Task Init_never_overwrites()
    {
        var path = _folder.Write("test.pepper", "precious");

        var run = await KeyAsync("init", path);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Equal("precious", File.ReadAllText(path));
    }

    [Fact]
    [Control("KEY-2")]
    public async Task Create_gives_a_key_whose_hash_is_in_the_credential()
    {
        var file = await PreparedAsync(Incomplete);

        var run = await KeyAsync("create", "--consumer", "web-shop", "-c", file, "--output", "json");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        using var json = JsonDocument.Parse(run.Output);
        var (key, credential) = (json.RootElement.GetProperty("key").GetString()!, json.RootElement.GetProperty("credential"));
        Assert.True(ApiKeyText.TryParse(key, out var id));
        Assert.Equal(id.ToString(), credential.GetProperty("id").GetString());
        Assert.Equal("2027-11-23", credential.GetProperty("expires").GetString());
        var pepper = new Secret("file:test.pepper", File.ReadAllBytes(_folder.Of("test.pepper"))[..^1]);
        Assert.Equal(ApiKeyHash.Write(pepper, new NewApiKey(key, id.ToString())), credential.GetProperty("hash").GetString());
    }

    [Fact]
    [Control("KEY-1")]
    public async Task Create_shows_the_key_once_and_yaml_to_paste()
    {
        var run = await KeyAsync("create", "--consumer", "web-shop", "-c", await PreparedAsync(Incomplete), "--expires", "2027-01-31");

        Assert.Single(Keys().Matches(run.Output));
        Assert.Matches("- apiKey: \\{ id: [0-9a-z]{8}, hash: \"hmac-sha256:[A-Za-z0-9_-]{43}\", expires: 2027-01-31 \\}", run.Output);
    }

    [Theory]
    [Control("KEY-4")]
    [InlineData("2026-11-23")] // today: it would be expired already
    [InlineData("2027-11-24")] // a day more than a year
    [InlineData("31.12.2026")]
    public async Task Create_refuses_a_life_that_is_over_or_too_long(string expires)
    {
        var run = await KeyAsync("create", "--consumer", "web-shop", "-c", await PreparedAsync(Incomplete), "--expires", expires);

        Assert.Equal(ExitCode.WrongUse, run.ExitCode);
        Assert.Empty(Keys().Matches(run.Output));
    }

    [Theory]
    [InlineData(Incomplete, "web-shp", "did you mean 'web-shop'?")]
    [InlineData("consumers: { web-shop: {} }", "web-shop", "pepper")]
    [InlineData("keys: { pepper: 'file:none.pepper' }\nconsumers: { web-shop: {} }", "web-shop", "none.pepper")]
    [InlineData("keys: { pepper: 'swordfish' }\nconsumers: { web-shop: {} }", "web-shop", "a secret is named")]
    [InlineData("{ not: [ yaml", "web-shop", "not YAML")]
    public async Task Create_says_what_it_lacks(string declaration, string consumer, string said)
    {
        var run = await KeyAsync("create", "--consumer", consumer, "-c", await PreparedAsync(declaration));

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("swordfish", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Consumers_of_included_files_are_known()
    {
        Directory.CreateDirectory(_folder.Of("teams"));
        _folder.Write("teams/stock.yaml", "consumers: { stock-sync: {} }\ninclude: [ { file: ../gatehouse.yaml } ]");
        var file = await PreparedAsync("keys: { pepper: 'file:test.pepper' }\ninclude: [ { file: teams/stock.yaml } ]");

        Assert.Equal(ExitCode.Done, (await KeyAsync("create", "--consumer", "stock-sync", "-c", file)).ExitCode);
    }

    [Fact]
    public async Task List_says_which_keys_still_open_something()
    {
        var file = _folder.Write("gatehouse.yaml",
            """
            consumers:
              web-shop:
                authenticate:
                  - apiKey: { id: aaaa, hash: HASH, expires: 2027-06-30 }
                  - apiKey: { id: bbbb, hash: HASH, expires: 2026-11-23 }
                  - apiKey: { id: cccc, hash: HASH, expires: 2027-06-30, revoked: 2026-11-23 }
                  - apiKey: { id: dddd, hash: HASH, expires: 2027-06-30, revoked: 2026-11-24 }
                  - apiKey: { id: eeee, hash: HASH, expires: 2026-12-01 }
            """.Replace("HASH", Hash, StringComparison.Ordinal));

        var run = await KeyAsync("list", "-c", file, "--output", "json");

        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal(["aaaa live", "bbbb expired", "cccc revoked", "dddd live", "eeee expires soon"],
            json.RootElement.EnumerateArray().Select(k => $"{k.GetProperty("id").GetString()} {k.GetProperty("state").GetString()}"));
        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("id: aaaa, hash: HASH", "11 error GH2005")]
    [InlineData("id: aaaa, expires: 2027-06-30", "11 error GH2005")]
    [InlineData("id: aaaa, hash: \"hmac-sha256:…\", expires: 2027-06-30", "29 error GH1042")]
    [InlineData("id: aaaa, hash: HASH, expires: soon", "97 error GH2006")]
    [InlineData("id: aaaa, hash: HASH, expires: 2026-01-01, revoked: yesterday", "118 error GH2006")]
    [InlineData("id: aaaa, hash: HASH, expires: 2027-06-30, revoked: 23.11.2026", "118 error GH2006")]
    [InlineData("id: aaaa, hash: HASH, expires: 2027-06-30, revoked: 2026-11-23T00:00:00Z", "118 error GH2006")]
    [InlineData("id: aaaa, hash: HASH, expires: 2027-06-30, revoked: ", "119 error GH2006")]
    [InlineData("id: aaaa, hash: HASH, expires: 2027-06-30, revoked: [ 2026-11-23 ]", "118 error GH2006")]
    [InlineData("id: aaaa, hash: HASH, expires: 2027-06-30, revokd: 2026-11-23", "109 error GH2004")]
    public async Task List_calls_no_key_live_that_cannot_be_read(string key, string finding)
    {
        var file = _folder.Write("gatehouse.yaml",
            $"consumers: {{ web-shop: {{ authenticate: [\n{{ apiKey: {{ {key.Replace("HASH", Hash, StringComparison.Ordinal)} }} }} ] }} }}");

        var run = await KeyAsync("list", "-c", file, "--output", "json");

        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal("unreadable", Assert.Single(json.RootElement.EnumerateArray()).GetProperty("state").GetString());
        Assert.StartsWith($"{file}:2:{finding}", run.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Failed, run.ExitCode);
    }

    [Fact]
    public async Task Revoke_prints_the_line_to_add_and_names_its_place()
    {
        var file = _folder.Write("gatehouse.yaml", "consumers: { web-shop: { authenticate: [ { apiKey: { id: k7f3 } } ] } }");

        var run = await KeyAsync("revoke", "--id", "k7f3", "--print", "-c", file);

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal("revoked: 2026-11-23", run.Output.Trim());
        Assert.Contains($"{file}:1:", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revoke_knows_only_declared_keys_and_only_prints()
    {
        var file = _folder.Write("gatehouse.yaml", "consumers: { web-shop: { authenticate: [ { apiKey: { id: k7f3 } } ] } }");

        Assert.Equal(ExitCode.Failed, (await KeyAsync("revoke", "--id", "k7f4", "--print", "-c", file)).ExitCode);
        Assert.Equal(ExitCode.WrongUse, (await KeyAsync("revoke", "--id", "k7f3", "-c", file)).ExitCode);
    }

    /// <summary>Of a declaration beside which the command runs, an empty path has no folder either.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("\"\"")]
    public async Task An_include_that_names_no_file_yet_is_left_out(string file)
    {
        var declaration = Path.GetRandomFileName() + ".yaml";
        await File.WriteAllTextAsync(
            declaration, $"include: [ {{ file: {file} }} ]\nconsumers: {{ web-shop: {{}} }}", TestContext.Current.CancellationToken);
        try
        {
            var run = await KeyAsync("list", "-c", declaration);
            Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        }
        finally
        {
            File.Delete(declaration);
        }
    }

    [Theory]
    [InlineData("create", "--consumer", "web-shop")]
    [InlineData("revoke", "--print", "--id", "nothing")]
    [InlineData("revoke", "--print", "--id", "k7f3")]
    public async Task Names_that_others_wrote_are_shown_without_control_characters(params string[] command)
    {
        var file = await PreparedAsync(
            """
            keys: { pepper: "file:test.pepper" }
            consumers:
              "web\e[2J\nforged": { authenticate: [ { apiKey: { id: k7f3 } }, { apiKey: { id: "x\e[2J\nforged" } } ] }
            """);

        var run = await KeyAsync([.. command, "-c", file]);

        Assert.Contains("?[2J?forged", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(run.Error.ReplaceLineEndings(""), char.IsControl);
        Assert.DoesNotContain(run.Error.ReplaceLineEndings("\n").Split('\n'), line => line.StartsWith("forged", StringComparison.Ordinal));
    }

    private async Task<string> PreparedAsync(string declaration)
    {
        Assert.Equal(ExitCode.Done, (await KeyAsync("init", _folder.Of("test.pepper"))).ExitCode);
        return _folder.Write("gatehouse.yaml", declaration);
    }

    private Task<Runs.Run> KeyAsync(params string[] arguments) =>
        Runs.Async(KeyCommand.Create(new GatewayOptions { DeclarationPath = "gatehouse.yaml", Clock = _clock }), ["key", .. arguments]);

    [GeneratedRegex("ghk_[0-9a-z_]+")]
    private static partial Regex Keys();
}
