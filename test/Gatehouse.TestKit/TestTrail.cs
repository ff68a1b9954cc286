using System.Security.Cryptography;
using System.Text;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Telemetry;
using Microsoft.Data.Sqlite;

namespace Gatehouse.TestKit;

/// <summary>A folder with the file of a trail, its key and its second place; trails that are opened in it, and what was told.</summary>
internal sealed class TestTrail : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly StringWriter _told = new();

    /// <param name="file">Where the trail is, if not in the folder.</param>
    public TestTrail(string? file = null)
    {
        File = file ?? _folder.Of("audit.db");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        PrivateKey = _folder.WriteSecret("audit.pem", key.ExportPkcs8PrivateKeyPem());
        Key = CheckpointKey.Read(new Secret("a test", Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem())), out _)!;
        PublicKey = _folder.Write("audit.pub", Key.Public.Pem);
        Directory.CreateDirectory(Copies);
    }

    public string File { get; }

    public CheckpointKey Key { get; }

    /// <summary>The file of the private key.</summary>
    public string PrivateKey { get; }

    /// <summary>The file of the public key.</summary>
    public string PublicKey { get; }

    /// <summary>The second place.</summary>
    public string Copies => _folder.Of("copies");

    public AuditTally Tally { get; } = new();

    public string Told
    {
        get
        {
            lock (_told) return _told.ToString();
        }
    }

    public AuditTrailOptions Options => new() { Gateway = "front-door", Instance = "edge-1", Key = Key, Copies = Copies };

    public AuditTrail Open(Func<AuditTrailOptions, AuditTrailOptions>? with = null, AuditStore? store = null, TimeProvider? clock = null) => new(
        store ?? new SqliteAuditStore(File),
        with?.Invoke(Options) ?? Options,
        new EventWriter(TextWriter.Synchronized(_told), TimeProvider.System),
        clock ?? TimeProvider.System,
        Tally);

    /// <summary>A trail that can be written.</summary>
    public async Task<AuditTrail> BeginAsync(
        Func<AuditTrailOptions, AuditTrailOptions>? with = null, AuditStore? store = null, TimeProvider? clock = null)
    {
        var trail = Open(with, store, clock);
        if (!await trail.Begun.WaitAsync(Patience.Limit)) throw new InvalidOperationException(Told);
        return trail;
    }

    /// <summary>Writes so many records in a run that stops in good order.</summary>
    public async Task WriteAsync(int count, Func<AuditTrailOptions, AuditTrailOptions>? with = null)
    {
        using var trail = await BeginAsync(with);
        for (var i = 0; i < count; i++)
            if (!await trail.WriteAsync(Sample(i))) throw new InvalidOperationException(Told);
    }

    /// <summary>A record with most fields, among them personal ones.</summary>
    public static AuditRecord Sample(int number, AuditKind kind = AuditKind.Exchange) => new()
    {
        Kind = kind,
        Time = new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero).AddMilliseconds(number),
        Decision = AuditDecision.Allowed,
        Outcome = kind == AuditKind.Intent ? AuditOutcome.None : AuditOutcome.Done,
        RequestId = kind == AuditKind.Outcome ? null : $"request-{number}",
        Intent = kind == AuditKind.Outcome ? $"request-{number}" : null,
        Listener = "edge",
        Consumer = "web-shop",
        ConsumerKind = "application",
        CredentialKind = "token",
        CredentialId = "customers",
        Person = $"person-{number % 7}",
        Client = System.Net.IPAddress.Parse("203.0.113.9"),
        About = [new AboutEntry("customer", "k1", $"{number % 7:x64}")],
        Route = "orders/create-order",
        Api = "orders",
        Method = "POST",
        Path = "/orders",
        Status = 201,
        Revision = 3,
    };

    /// <summary>Has a trail take many records, without more of them waiting than may.</summary>
    public static async Task PostAsync(AuditTrail trail, IEnumerable<AuditRecord> records)
    {
        const int AtOnce = 500;
        var count = 0;
        foreach (var record in records)
        {
            var isTaken = ++count % AtOnce == 0 ? await trail.WriteAsync(record) : trail.Post(record);
            if (!isTaken) throw new InvalidOperationException("it was not taken");
        }
    }

    public IReadOnlyList<StoredRecord> Records()
    {
        using var reader = SqliteAuditReader.Open(File);
        return [.. reader.Chains().SelectMany(c => reader.Records(c).ToList())];
    }

    public IReadOnlyList<AuditRecord> Read() => [.. Records().Select(r => RecordReader.Read(r)!.Record)];

    /// <summary>Changes the file by hand, as somebody would who has it.</summary>
    public void Change(string statements)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = statements;
        command.ExecuteNonQuery();
    }

    public IReadOnlyList<ChainVerdict> Verify(bool withCopies = false)
    {
        using var reader = SqliteAuditReader.Open(File);
        return Check(withCopies).Check(reader);
    }

    public TrailCheck Check(bool withCopies) => new([Key.Public], withCopies ? [.. CheckpointCopies.Read(Copies)] : null);

    public void Dispose() => _folder.Dispose();
}
