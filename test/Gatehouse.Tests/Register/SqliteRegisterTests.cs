using Gatehouse.Consumers;
using Gatehouse.Register;
using Gatehouse.TestKit;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Register;

/// <summary>The register in a file: what is written is read, and what others write there gives nobody anything.</summary>
public sealed class SqliteRegisterTests : IAsyncDisposable
{
    private static readonly FakeTimeProvider Clock = new(new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero));

    private readonly TestRegister _register = new(Clock);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _register.DisposeAsync();

    [Fact]
    public async Task What_is_written_is_read_and_every_change_counts()
    {
        await using var store = RegisterStore.Open(_register.Settings);
        Assert.Null(await store.VersionAsync(Cancel));
        var key = await _register.IssueAsync("stock-sync", Cancel);
        await _register.ChangeAsync(c => RegisterEdit.Revoke(c, key.Id, new Ending(Clock.GetUtcNow(), "ben", "it leaked")), Cancel);
        await _register.SuspendAsync(SuspendedKind.Consumer, "web-shop", Cancel, TimeSpan.FromHours(1));
        await _register.SuspendAsync(SuspendedKind.Credential, "abc", Cancel);

        var content = await store.ReadAsync(Cancel);

        Assert.Equal(4, content.Version.Number);
        Assert.Equal(content.Version, await store.VersionAsync(Cancel));
        var there = Assert.Single(content.Keys);
        Assert.Equal(_register.Issued(key, "stock-sync") with { Revoked = new Ending(Clock.GetUtcNow(), "ben", "it leaked") }, there);
        Assert.Equal([("web-shop", Clock.GetUtcNow().AddHours(1)), ("abc", (DateTimeOffset?)null)], content.Suspensions.Select(s => (s.Name, s.Until)).OrderByDescending(s => s.Name));
        Assert.Equal("key-issued,key-revoked,suspended,suspended", Ask("SELECT group_concat(what) FROM (SELECT what FROM gatehouse_register_changes ORDER BY version)"));
        Assert.Equal(4L, Ask("SELECT count(*) FROM gatehouse_register_changes WHERE done_by IN ('anna', 'ben') AND reason <> ''"));
    }

    [Fact]
    [Control("KEY-2", "the register")]
    public async Task No_key_is_in_the_file_and_nobody_else_may_read_it()
    {
        var key = await _register.IssueAsync("stock-sync", Cancel);
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_register.Settings.Sqlite)!))
            Assert.DoesNotContain(key.Key[12..^8], File.ReadAllText(file), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_register.Settings.Sqlite!));
    }

    [Theory]
    [InlineData("UPDATE gatehouse_keys SET consumer = 'web-shop'")]
    [InlineData("UPDATE gatehouse_keys SET expires = expires + 1")]
    [InlineData("UPDATE gatehouse_keys SET id = 'aaaaaaaa'")]
    [InlineData("UPDATE gatehouse_keys SET hash = zeroblob(32)")]
    [InlineData("UPDATE gatehouse_keys SET seal = zeroblob(32)")]
    [InlineData("UPDATE gatehouse_keys SET gateway = 'other/test'; UPDATE gatehouse_register SET gateway = 'front/test'")]
    public async Task Who_can_write_the_file_and_nothing_else_gives_no_key_away(string sql)
    {
        await _register.IssueAsync("stock-sync", Cancel);
        Ask(sql);
        await using var store = RegisterStore.Open(_register.Settings);
        Assert.Empty((await store.ReadAsync(Cancel)).Keys);
        Assert.Equal(sql.Contains("other/", StringComparison.Ordinal) ? 0 : 1, store.Unsealed);
    }

    [Fact]
    public async Task A_refused_change_changes_nothing()
    {
        await _register.IssueAsync("stock-sync", Cancel);
        var again = _register.Issued(ApiKeyText.Create(), "stock-sync");
        await _register.ChangeAsync(c => RegisterEdit.Issue(c, again), Cancel);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _register.ChangeAsync(c => RegisterEdit.Issue(c, again), Cancel));
        Assert.Equal(2L, Ask("SELECT version FROM gatehouse_register"));
    }

    [Fact]
    public async Task Gateways_that_share_a_file_do_not_share_a_register()
    {
        await _register.IssueAsync("stock-sync", Cancel);
        await using var other = RegisterStore.Open(_register.Settings with { Gateway = "front/production" });
        Assert.Null(await other.VersionAsync(Cancel));
    }

    private object? Ask(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_register.Settings.Sqlite};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
