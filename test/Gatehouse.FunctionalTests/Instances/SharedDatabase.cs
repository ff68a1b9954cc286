using System.Security.Cryptography;
using System.Text;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.FunctionalTests.Register;
using Gatehouse.FunctionalTests.Stores;
using Gatehouse.Register;
using Gatehouse.Stores;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Instances;

/// <summary>A real PostgreSQL in which the instances of a cluster have their register, with one key in it, and their trail.</summary>
internal sealed class SharedDatabase : IAsyncDisposable
{
    private readonly TestFolder _folder = new();

    private SharedDatabase(PostgresServer server) => Server = server;

    public PostgresServer Server { get; }

    /// <summary>The key of <c>stock-sync</c>, which the register alone knows.</summary>
    public NewApiKey Key { get; } = ApiKeyText.Create();

    /// <summary>The secrets that every instance has in its folder.</summary>
    public IReadOnlyDictionary<string, string> Secrets { get; private set; } = new Dictionary<string, string>();

    private PostgresSettings Settings => PostgresSettings.Parse(new Secret("a test", Encoding.UTF8.GetBytes(Server.Connection)), out _)!;

    public static async Task<SharedDatabase> StartAsync(CancellationToken cancel)
    {
        var database = new SharedDatabase(await PostgresServer.StartAsync(cancel));
        try
        {
            using var signer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            database._folder.Write("audit.public.pem", signer.ExportSubjectPublicKeyInfoPem());
            database._folder.WriteSecret("db", database.Server.Connection);
            database.Secrets = new Dictionary<string, string>
            {
                ["db"] = database.Server.Connection,
                ["keys.pepper"] = Encoding.ASCII.GetString(RegisteredFront.Pepper.Bytes),
                ["audit.pem"] = signer.ExportPkcs8PrivateKeyPem(),
            };
            await database.IssueAsync(cancel);
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>What a declaration says of it, but for the store.</summary>
    public const string Declaration =
        """
        keys: { pepper: "file:keys.pepper" }
        register: { store: postgres, kept: kept, maxAge: 1h }
        audit: { store: postgres, key: "file:audit.pem", retain: 365d, checkpoints: { every: 1000, within: 1s } }
        consumers:
          stock-sync: { kind: service, owner: stock@example.test, grants: [things.read], authenticate: [ { apiKey: { issued: true } } ] }
        """;

    /// <summary>What <c>gatehouse audit verify</c> says, once everybody has stopped.</summary>
    public Task<GatehouseProcess.Finished> VerifyAsync(CancellationToken cancel) =>
        GatehouseProcess.RunAsync(_folder.Path, cancel, ["audit", "verify", "postgres:file:db", "--key", "audit.public.pem"]);

    /// <summary>Every record of every chain.</summary>
    public IReadOnlyList<AuditRecord> Records()
    {
        using var reader = PostgresAuditReader.Open(Settings);
        return [.. reader.Chains().SelectMany(c => reader.Records(c)).Select(r => RecordReader.Read(r)!.Record)];
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }

    private async Task IssueAsync(CancellationToken cancel)
    {
        await using var book = new RegisterBook(new("test/test", "kept", TimeSpan.FromHours(1), RegisteredFront.Pepper) { Postgres = Settings });
        if (await book.ChangeAsync(content => RegisterEdit.Issue(content, RegisteredFront.Issued(Key)), cancel) is { } refusal)
            throw new InvalidOperationException(refusal);
    }
}
