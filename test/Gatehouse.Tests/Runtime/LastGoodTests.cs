using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Runtime;

/// <summary>What is kept of a declaration, and for how long and for whom it is good.</summary>
public sealed class LastGoodTests : IDisposable
{
    private const string Main = "gatehouse.yaml";
    private const string Pepper = "a pepper that must not be kept anywhere";
    private const string Key = "a key of at least thirty-two bytes, for signing";
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero));
    private readonly TestFolder _folder = new();
    private readonly StringWriter _events = new();
    private readonly Dictionary<string, string> _files = new()
    {
        [Main] = "gatehouse: v1",
        ["contract.json"] = "{}",
        ["pepper"] = Pepper,
        ["both.pem"] = "-----BEGIN CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n",
        ["never-read"] = "nobody asks for it",
    };

    private string Kept => _folder.Of("last-good");

    public void Dispose()
    {
        _folder.Dispose();
        _events.Dispose();
    }

    [Fact]
    public void What_was_read_is_there_as_it_was_and_nothing_else_is()
    {
        Open().Keep(Read());
        _files[Main] = "broken";
        _files["pepper"] = "another pepper by now";

        var files = Open().Take(Now(), out var why)!;

        Assert.Equal("", why);
        Assert.Equal(("gatehouse: v1", "{}"), (Text(files, Main), Text(files, "contract.json")));
        Assert.Equal("another pepper by now", Text(files, "pepper")); // a secret is what it is today
        Assert.StartsWith("-----BEGIN CERTIFICATE", Text(files, "both.pem"), StringComparison.Ordinal);
        Assert.False(files.TryRead("never-read", out _, out _));
    }

    [Fact]
    [Control("SEC-2", "the kept declaration")]
    public void No_secret_is_in_the_file_and_nobody_else_may_read_it()
    {
        Open().Keep(Read());
        var text = File.ReadAllText(Kept);
        Assert.DoesNotContain(Pepper, text, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(Pepper))[..20], text, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(_files["both.pem"])), text, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, text, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Kept));
    }

    [Theory]
    [InlineData(59, "")]
    [InlineData(61, "too long ago")]
    [InlineData(-2, "from the future")]
    [Control("AVL-4", "no longer than its age")]
    public void It_is_good_for_its_age(int minutes, string says)
    {
        Open().Keep(Read());
        var later = new FakeTimeProvider(_clock.GetUtcNow().AddMinutes(minutes));
        var taken = Open(clock: later).Take(Now(), out var why);
        Assert.Equal(says.Length == 0, taken is not null);
        Assert.Contains(says, why, StringComparison.Ordinal);
    }

    [Fact]
    public void As_long_as_the_files_say_the_same_it_stays_young_and_from_then_on_it_ages()
    {
        var lastGood = Open();
        lastGood.Keep(Read());
        _clock.Advance(TimeSpan.FromMinutes(50));
        lastGood.Renew();
        _clock.Advance(TimeSpan.FromMinutes(50));
        Assert.NotNull(Open().Take(Now(), out _));
        lastGood.Doubt();
        lastGood.Renew();
        _clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Null(Open().Take(Now(), out _));
    }

    [Fact]
    public void Who_serves_from_it_does_not_make_it_younger()
    {
        Open().Keep(Read());
        _clock.Advance(TimeSpan.FromMinutes(50));
        var started = Open();
        started.Take(Now(), out _);
        Assert.Equal(TimeSpan.FromMinutes(50), started.Age);
        started.Renew();
        _clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Null(Open().Take(Now(), out _));
    }

    [Fact]
    [Control("AVL-4", "signed")]
    public void Every_bit_of_it_counts()
    {
        Open().Keep(Read());
        var bytes = File.ReadAllBytes(Kept);
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 1;
            File.WriteAllBytes(Kept, bytes);
            Assert.Null(Open().Take(Now(), out var why));
            Assert.NotEmpty(why);
            bytes[at] ^= 1;
        }

        File.WriteAllBytes(Kept, bytes[..^1]);
        Assert.Null(Open().Take(Now(), out _));
        File.WriteAllBytes(Kept, [.. bytes, 0]);
        Assert.Null(Open().Take(Now(), out _));
    }

    [Fact]
    public void Another_key_another_declaration_and_no_file_are_refused()
    {
        Open().Keep(Read());
        Assert.Null(Open(key: Key.ToUpperInvariant()).Take(Now(), out var signature));
        Assert.Null(Open(declaration: "gatehouse.yaml (test)").Take(Now(), out var other));
        File.Delete(Kept);
        Assert.Null(Open().Take(Now(), out var none));
        Assert.Equal(("its signature is not good", "it is of another declaration or environment", "there is none"), (signature, other, none));
    }

    [Fact]
    public void A_key_that_is_too_short_or_no_reference_is_a_finding()
    {
        var findings = new Findings();
        var options = new LastGoodOptions(Kept, "env:SHORT", LastGoodOptions.UsualAge);
        var short1 = SourceFiles.InMemory(_files, new Dictionary<string, string> { ["SHORT"] = "short" });
        Assert.Null(LastGood.Open(options, Main, short1, new EventWriter(_events, _clock), _clock, findings));
        Assert.Null(LastGood.Open(options with { Key = Key }, Main, short1, new EventWriter(_events, _clock), _clock, findings));
        Assert.Equal(2, findings.InOrder().Count);
        Assert.DoesNotContain(findings.InOrder(), f => f.ToString().Contains(Key, StringComparison.Ordinal));
    }

    [Fact]
    public void What_cannot_be_kept_is_told_once_and_stops_nothing()
    {
        var nowhere = Open(file: _folder.Of("not-there/last-good"));
        nowhere.Keep(Read());
        nowhere.Keep(Read());
        Assert.Single(_events.ToString().Split('\n'), l => l.Contains("cannot be kept", StringComparison.Ordinal));
    }

    private static string Text(SourceFiles files, string path) =>
        files.TryRead(path, out var bytes, out var why) ? Encoding.UTF8.GetString(bytes) : throw new InvalidOperationException(why);

    private SourceFiles Now(string key = Key) => SourceFiles.InMemory(_files, new Dictionary<string, string> { ["KEY"] = key });

    /// <summary>The files as a reading leaves them.</summary>
    private SourceFiles Read()
    {
        var files = Now();
        foreach (var path in _files.Keys.Where(p => p != "never-read")) files.TryRead(path, out _, out _);
        files.Withhold("pepper");
        return files;
    }

    private LastGood Open(string key = Key, string declaration = Main, TimeProvider? clock = null, string? file = null)
    {
        var options = new LastGoodOptions(file ?? Kept, "env:KEY", LastGoodOptions.UsualAge);
        return LastGood.Open(options, declaration, Now(key), new EventWriter(_events, clock ?? _clock), clock ?? _clock, new Findings())!;
    }
}
