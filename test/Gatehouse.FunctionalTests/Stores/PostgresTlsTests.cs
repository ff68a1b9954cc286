using System.Data.Common;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Stores;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Stores;

/// <summary>The database is spoken to over TLS, with a certificate that the named authorities vouch for and that has its name.</summary>
public sealed class PostgresTlsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_a_server_with_the_right_certificate_is_spoken_to()
    {
        using var certificates = new TestCertificates();
        using var others = new TestCertificates("somebody else");
        await using var server = await PostgresServer.StartAsync(Cancel, certificates.Issue("localhost"));
        var settings = Settings(server) with { Host = "localhost" };
        Assert.Equal(true, await AskAsync(settings, certificates, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"));
        await Assert.ThrowsAnyAsync<DbException>(() => AskAsync(settings, others, "SELECT 1"));
        await Assert.ThrowsAnyAsync<DbException>(() => AskAsync(settings with { Host = "127.0.0.1" }, certificates, "SELECT 1")); // has another name
    }

    [Fact]
    public async Task A_server_without_tls_is_not_spoken_to_where_it_has_to_have_it()
    {
        using var certificates = new TestCertificates();
        await using var server = await PostgresServer.StartAsync(Cancel);
        await Assert.ThrowsAnyAsync<DbException>(() => AskAsync(Settings(server), certificates, "SELECT 1"));
        Assert.Equal(1, await AskAsync(Settings(server), null, "SELECT 1")); // on loopback it need not
    }

    [Theory]
    [InlineData("Host=10.0.4.2", true)]
    [InlineData("Host=db.in.shop.example", true)]
    [InlineData("Host=127.0.0.1", false)]
    [InlineData("Host=::1", false)]
    [InlineData("Host=localhost", false)]
    [InlineData("Host=localhost.shop.example", true)]
    [InlineData("Host=/run/postgresql", false)]
    public void Only_what_stays_on_the_machine_is_sent_in_the_clear(string host, bool tls) =>
        Assert.Equal(tls, PostgresSettings.Parse(Connection(host + ";Database=a;Username=b"), out _)!.Tls);

    private static PostgresSettings Settings(PostgresServer server) => PostgresSettings.Parse(Connection(server.Connection), out _)!;

    private static Secret Connection(string text) => new("a test's", Encoding.UTF8.GetBytes(text));

    private static async Task<object?> AskAsync(PostgresSettings settings, TestCertificates? authorities, string sql)
    {
        var pem = authorities is null ? null : Encoding.ASCII.GetBytes(authorities.AuthorityPem);
        await using var source = PostgresSource.Open(settings with { Authorities = pem });
        await using var connection = await source.OpenConnectionAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync(Cancel);
    }
}
