using Gatehouse.Audit;
using Gatehouse.Cli;
using Gatehouse.Cli.Commands;
using Gatehouse.Cli.Commands.Audit;
using Gatehouse.Hosting;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Cli;

/// <summary>A trail that stops being one while a command reads it.</summary>
public sealed class UnreadableTrailTests : IDisposable
{
    private const string Declaration =
        """
        gatehouse: v1
        gateway: { name: front-door, owner: platform@retailer.example, environment: test }
        listeners:
          edge: { address: "127.0.0.1:8080", serves: [public] }
        administration: { address: "127.0.0.1:9900" }
        audit: { store: audit.db, key: "file:audit.pem" }
        consumers:
          stock-sync:
            kind: service
            owner: stock@retailer.example
            grants: [stock.read]
            authenticate: [ { apiKey: { id: k7f3abcd, hash: HASH, expires: 2027-06-30 } } ]
        keys: { pepper: "file:test.pepper" }
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
                access: { consumers: [stock-sync], scopes: [stock.read] }
                limits: [ { per: consumer, allow: 60, every: 1m } ]
        """;

    private readonly TestFolder _folder = new();
    private readonly TestTrail _trail;

    public UnreadableTrailTests() => _trail = new TestTrail(_folder.Of("audit.db"));

    public void Dispose()
    {
        _trail.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("prove", "--sequence", "2")]
    [InlineData("prove", "--sequence", "2", "--instance", "edge-1", "--personal")]
    [InlineData("show", "--sequence", "2")]
    [InlineData("show", "--request", "request-1")]
    [InlineData("search")]
    [InlineData("export")]
    [InlineData("tail")]
    [InlineData("open")]
    public async Task Commands_say_that_its_chains_cannot_be_read(string command, params string[] more)
    {
        await _trail.WriteAsync(3);
        _trail.Change("ALTER TABLE chains RENAME COLUMN origin TO other");

        await SaysThatItCannotBeReadAsync([command, _trail.File, .. more]);
    }

    [Fact]
    public async Task A_proof_says_that_its_records_cannot_be_read()
    {
        await _trail.WriteAsync(3);
        _trail.Change("ALTER TABLE records RENAME COLUMN hash TO other");

        await SaysThatItCannotBeReadAsync(["prove", _trail.File, "--sequence", "2"]);
    }

    [Fact]
    public async Task A_proof_says_that_a_record_has_no_hash()
    {
        await _trail.WriteAsync(3);
        _trail.Change("UPDATE records SET hash = zeroblob(33) WHERE sequence = 3");

        var run = await SaysThatItCannotBeReadAsync(["prove", _trail.File, "--sequence", "2"]);

        Assert.Contains("record 3 has no hash", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closing_says_that_what_is_open_cannot_be_read()
    {
        var file = _folder.Write("gatehouse.yaml", Declaration.Replace("HASH", $"\"hmac-sha256:{new string('A', 43)}\"", StringComparison.Ordinal));
        _folder.WriteSecret("test.pepper", "a pepper of at least thirty-two bytes");
        _folder.WriteSecret("audit.pem", await File.ReadAllTextAsync(_trail.PrivateKey, TestContext.Current.CancellationToken));
        await _trail.WriteAsync(3);
        _trail.Change("ALTER TABLE unknown RENAME COLUMN sequence TO other");

        await SaysThatItCannotBeReadAsync(["close", "request-1", "--by", "anna", "--reason", "none", "--config", file]);
    }

    /// <summary>Who closes a file of SQLite lets go of all that the same process has locked in it (POSIX).</summary>
    [Fact]
    public async Task What_a_place_is_is_looked_at_once_and_before_anything_is_opened()
    {
        await _trail.WriteAsync(3);
        var place = TrailPlace.Of(_trail.File, TextWriter.Null)!;
        using var reader = place.OpenReader(TextWriter.Null)!;
        File.Move(_trail.File, _trail.File + ".moved");
        await File.WriteAllTextAsync(_trail.File, "{}", TestContext.Current.CancellationToken);

        Assert.True(place.IsLive);
        Assert.False(TrailPlace.Of(_trail.File, TextWriter.Null)!.IsLive);
        Assert.IsType<SqliteAuditReader>(reader);
    }

    private static async Task<Runs.Run> SaysThatItCannotBeReadAsync(string[] arguments)
    {
        var gateway = new GatewayOptions { DeclarationPath = "gatehouse.yaml" };
        var run = await Runs.Async(AuditCommand.Create(gateway), ["audit", .. arguments]);
        Assert.Equal((ExitCode.Failed, ""), (run.ExitCode, run.Output));
        Assert.Matches("(cannot be read|is damaged)", run.Error);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        return run;
    }
}
