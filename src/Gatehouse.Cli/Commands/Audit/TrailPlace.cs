using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Declaration;
using Gatehouse.Stores;
using Gatehouse.Telemetry;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>
/// Where a trail is: a file of SQLite, an export of JSON Lines, or a database as <c>postgres:file:PATH</c> or <c>postgres:env:NAME</c>, behind which
/// <c>,authorities=FILE</c> says by whom its certificate is trusted.
/// </summary>
internal sealed class TrailPlace
{
    public const string Description = "The trail: its file, an export of it (JSON Lines), or a database: postgres:file:PATH or postgres:env:NAME says where it is said how to connect.";

    private const string InPostgres = "postgres:";
    private const string Authorities = ",authorities=";

    private readonly string _file;
    private readonly PostgresSettings? _postgres;

    private TrailPlace(string file, PostgresSettings? postgres) =>
        (_file, _postgres, IsLive) = (file, postgres, postgres is not null || !IsExport(file));

    /// <summary>
    /// Whether it is the trail itself, which others may write to, and not a copy. It is looked at once, and before anything is opened: who closes a
    /// file of SQLite lets go of all that the same process has locked in it (POSIX).
    /// </summary>
    public bool IsLive { get; }

    /// <summary>Null where it is none; then it has been said what is wrong.</summary>
    public static TrailPlace? Of(string written, TextWriter error)
    {
        if (!written.StartsWith(InPostgres, StringComparison.Ordinal))
        {
            if (File.Exists(written)) return new TrailPlace(written, null);
            error.WriteLine($"There is no {written}.");
            return null;
        }

        var reference = written[InPostgres.Length..];
        byte[]? authorities = null;
        if (reference.IndexOf(Authorities, StringComparison.Ordinal) is >= 0 and var at)
        {
            if (Bytes(reference[(at + Authorities.Length)..], error) is not { } read) return null;
            authorities = read;
            reference = reference[..at];
        }

        if (CommandSecret.Read(reference, "connection", 1, error) is not { } secret) return null;
        if (PostgresSettings.Parse(secret, out var why) is { } settings) return new TrailPlace(written, settings with { Authorities = authorities });
        error.WriteLine($"The connection of the postgres store cannot be used: {why}.");
        return null;
    }

    /// <summary>Where a declaration says that it is.</summary>
    public static TrailPlace Of(TrailDeclaration declared) => new(declared.File ?? "", declared.Postgres);

    /// <summary>Null where it cannot be read; then it has been said why.</summary>
    public AuditReader? OpenReader(TextWriter error)
    {
        try
        {
            return _postgres is { } settings ? PostgresAuditReader.Open(settings)
                : IsLive ? SqliteAuditReader.Open(_file)
                : JsonLinesAuditReader.Open(_file);
        }
        catch (Exception e) when (TrailOptions.IsUnreadable(e))
        {
            error.WriteLine($"{Name} cannot be read: {Why(e)}");
            return null;
        }
    }

    /// <summary>
    /// Opens the chain of this machine's command line, beside those of gateways that may be running; null when it cannot be written, so that nothing
    /// is to be done: it has been said why.
    /// </summary>
    /// <param name="what">What would be recorded, as a sentence begins.</param>
    /// <param name="advice">What else can be done, as a sentence with a blank before it; or nothing.</param>
    public async Task<CommandChain?> OpenChainAsync(
        string gateway,
        CheckpointKey? key,
        IReadOnlyList<CheckpointVerifier> formerKeys,
        string? copies,
        string what,
        string advice,
        TextWriter error,
        TimeProvider clock,
        CancellationToken cancel)
    {
        AuditStore store = _postgres is { } settings ? new PostgresAuditStore(settings) : new SqliteAuditStore(_file, SqliteAuditStore.CommandLine);
        var options = new AuditTrailOptions
        {
            Gateway = gateway,
            Instance = CommandChain.InstanceOf(Environment.MachineName),
            Key = key,
            FormerKeys = formerKeys,
            Copies = copies,
        };
        try
        {
            return await CommandChain.OpenAsync(store, options, new EventWriter(error, clock), clock, cancel);
        }
        catch (Exception e) when (TrailOptions.IsUnreadable(e))
        {
            await error.WriteLineAsync($"{what} is recorded in the trail, and {Name} cannot be written ({Why(e)}), so nothing was done.{advice}");
            return null;
        }
    }

    /// <summary>What went wrong with it. What a database says may name hosts and users, and is not repeated.</summary>
    public string Why(Exception e) =>
        Show.Bounded(_postgres is null ? e.Message : PostgresAuditStore.Told(e));

    /// <summary>How it is told of.</summary>
    public string Name => _postgres is null ? _file : "the postgres store";

    private static bool IsExport(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return stream.ReadByte() == '{';
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static byte[]? Bytes(string file, TextWriter error)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{file} cannot be read: {Show.Bounded(e.Message)}");
            return null;
        }
    }
}
