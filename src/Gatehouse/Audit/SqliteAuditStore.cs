using Microsoft.Data.Sqlite;
using SQLitePCL;
using static SQLitePCL.raw;

namespace Gatehouse.Audit;

/// <summary>
/// A trail in a file of this machine. One process writes to it as an instance; another may have it open for acts of the command line, under another
/// lock and in a chain of its own. Both are told apart by the name of their lock.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="role">The end of the lock's name.</param>
internal sealed class SqliteAuditStore(string path, string role = SqliteAuditStore.Instance) : AuditStore
{
    /// <summary>The role of a gateway.</summary>
    public const string Instance = "lock";

    /// <summary>The role of the command line.</summary>
    public const string CommandLine = "command.lock";

    /// <summary>
    /// Content that may be taken out: not what says that something was. The canonical form has quotes nowhere but around names and values, so that
    /// this can only be the kind.
    /// </summary>
    private const string MayGo =
        "line IS NOT NULL AND instr(line, CAST('\"kind\":\"retention\"' AS BLOB)) = 0 AND instr(line, CAST('\"kind\":\"erasure\"' AS BLOB)) = 0";

    private FileStream? _lock;
    private SqliteConnection? _connection;
    private sqlite3_stmt? _append;
    private AuditChain? _chain;

    public override string Name => path;

    private SqliteConnection Connection => _connection ?? throw new InvalidOperationException("the store is not open");

    private AuditChain Chain => _chain ?? throw new InvalidOperationException("the store is not open");

    public override AuditChain Open(string gateway, string instance)
    {
        Connect();
        return _chain = Find(instance) ?? Make(instance, CheckpointCopies.NewOrigin(gateway, instance));
    }

    /// <summary>Who holds the file holds every chain in it.</summary>
    public override AuditStore? Beside() => null;

    public override IReadOnlyList<(AuditChain Chain, long Last)> OpenForOthers()
    {
        Connect();
        using var command = Command(
            "SELECT id, instance, origin, (SELECT COALESCE(MAX(sequence), 0) FROM records WHERE chain = chains.id) FROM chains ORDER BY id");
        using var reader = command.ExecuteReader();
        var chains = new List<(AuditChain Chain, long Last)>();
        while (reader.Read()) chains.Add((new AuditChain(reader.GetInt64(0), reader.GetString(1), reader.GetString(2)), reader.GetInt64(3)));
        return chains;
    }

    /// <summary>Chains of the command line have a lock of their own, and no intents.</summary>
    public override bool TryTake(AuditChain chain)
    {
        _chain = CommandChain.IsOne(chain.Instance) ? null : chain;
        return _chain is not null;
    }

    public override StoredCheckpoint? LastCheckpoint()
    {
        using var command = Command("SELECT size, note, frontier, open_from FROM checkpoints WHERE chain = $chain ORDER BY size DESC LIMIT 1",
            ("$chain", Chain.Id));
        using var reader = command.ExecuteReader();
        return reader.Read() ? new StoredCheckpoint(reader.GetInt64(0), reader.GetString(1), reader[2] as byte[] ?? [], reader.GetInt64(3)) : null;
    }

    public override IEnumerable<StoredRecord> Read(long from) => SqliteAuditReader.Read(Connection, Chain.Id, from);

    public override IEnumerable<StoredRecord> Read(AuditChain chain, long from) => SqliteAuditReader.Read(Connection, chain.Id, from);

    public override IReadOnlyList<string> Unknown()
    {
        using var command = Command("SELECT request FROM unknown WHERE chain = $chain", ("$chain", Chain.Id));
        using var reader = command.ExecuteReader();
        var unknown = new List<string>();
        while (reader.Read()) unknown.Add(reader.GetString(0));
        return unknown;
    }

    public override void Begin() => Run("BEGIN IMMEDIATE");

    public override void Append(in RecordRow row)
    {
        var append = _append!;
        Check(sqlite3_bind_int64(append, 1, Chain.Id));
        Check(sqlite3_bind_int64(append, 2, row.Sequence));
        Check(sqlite3_bind_int64(append, 3, row.Time));
        Check(sqlite3_bind_blob(append, 4, row.Hash));
        Check(sqlite3_bind_blob(append, 5, row.Line));
        Check(row.Personal.IsEmpty ? sqlite3_bind_null(append, 6) : sqlite3_bind_blob(append, 6, row.Personal));
        var result = sqlite3_step(append);
        _ = sqlite3_reset(append);
        if (result != SQLITE_DONE) SqliteException.ThrowExceptionForRC(result, Connection.Handle);
    }

    public override void Append(StoredCheckpoint checkpoint) => Run(
        "INSERT INTO checkpoints (chain, size, note, frontier, open_from) VALUES ($chain, $size, $note, $frontier, $open)",
        ("$chain", Chain.Id), ("$size", checkpoint.Size), ("$note", checkpoint.Note), ("$frontier", checkpoint.Frontier),
        ("$open", checkpoint.OpenFrom));

    public override void AddUnknown(string requestId, long sequence) => Run(
        "INSERT OR IGNORE INTO unknown (chain, request, sequence) VALUES ($chain, $request, $sequence)",
        ("$chain", Chain.Id), ("$request", requestId), ("$sequence", sequence));

    public override void RemoveUnknown(string requestId) => Run(
        "DELETE FROM unknown WHERE request = $request", ("$request", requestId));

    public override int SetAside(long from)
    {
        Run("INSERT INTO set_aside SELECT chain, sequence, time, hash, line, NULL FROM records WHERE chain = $chain AND sequence >= $from",
            ("$chain", Chain.Id), ("$from", from));
        return Run("DELETE FROM records WHERE chain = $chain AND sequence >= $from", ("$chain", Chain.Id), ("$from", from));
    }

    public override long? FirstWithContent(AuditChain chain, long from, long end) => Number(
        $"SELECT MIN(sequence) FROM records WHERE chain = $chain AND sequence >= $from AND sequence < $end AND {MayGo}",
        ("$chain", chain.Id), ("$from", from), ("$end", end));

    public override bool Reaches(AuditChain chain, long sequence) => Number(
        "SELECT MAX(sequence) FROM records WHERE chain = $chain", ("$chain", chain.Id)) >= sequence;

    public override long LastOver(AuditChain chain, long first, long end, DateTimeOffset before) => (Number(
        "SELECT MIN(sequence) FROM records WHERE chain = $chain AND sequence >= $first AND sequence < $end AND time >= $before",
        ("$chain", chain.Id), ("$first", first), ("$end", end), ("$before", before.ToUnixTimeMilliseconds())) ?? end) - 1;

    public override long? LastUnder(AuditChain chain, long first, long last) =>
        Number("SELECT MAX(size) FROM checkpoints WHERE chain = $chain AND size BETWEEN $first AND $last",
            ("$chain", chain.Id), ("$first", first), ("$last", last))
        ?? Number("SELECT MAX(MIN(size, $last)) FROM checkpoints WHERE chain = $chain", ("$chain", chain.Id), ("$last", last));

    public override int TakeOut(AuditChain chain, long first, long last) => Run(
        $"UPDATE records SET line = NULL, personal = NULL WHERE chain = $chain AND sequence BETWEEN $first AND $last AND {MayGo}",
        ("$chain", chain.Id), ("$first", first), ("$last", last));

    public override void Erase(AuditChain chain, long sequence, byte[]? left) => Run(
        "UPDATE records SET personal = $left WHERE chain = $chain AND sequence = $sequence",
        ("$chain", chain.Id), ("$sequence", sequence), ("$left", (object?)left ?? DBNull.Value));

    /// <summary>The journal still has what was there before, until it is put into the file and emptied.</summary>
    public override bool Scrub() => Number("PRAGMA wal_checkpoint(TRUNCATE)") == 0;

    public override void Commit() => Run("COMMIT");

    public override void Close()
    {
        try
        {
            _append?.Dispose();
            _connection?.Dispose(); // what was begun and not committed is gone with it
        }
        catch (Exception)
        {
            // what could not be written has been told, or will be when it is opened anew
        }

        _append = null;
        _connection = null;
        _chain = null;
        _lock?.Dispose();
        _lock = null;
    }

    private void Connect()
    {
        Close();
        _lock = Take($"{path}.{role}");
        _connection = SqliteAuditFile.OpenToWrite(path);
        // by hand, and not through a command: there the bytes of every record would be copied and every number be an object
        Check(sqlite3_prepare_v2(_connection.Handle!,
            "INSERT INTO records (chain, sequence, time, hash, line, personal) VALUES (?, ?, ?, ?, ?, ?)", out _append));
    }

    /// <summary>Held as long as the file is: it ends with the process, however that ends.</summary>
    private static FileStream Take(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            return new FileStream(path, options);
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new AuditStoreTakenException($"another process writes this trail: it holds {path}");
        }
    }

    private AuditChain? Find(string instance)
    {
        using var command = Command("SELECT id, instance, origin FROM chains WHERE instance = $instance ORDER BY id DESC LIMIT 1", ("$instance", instance));
        using var reader = command.ExecuteReader();
        return reader.Read() ? new AuditChain(reader.GetInt64(0), reader.GetString(1), reader.GetString(2)) : null;
    }

    private AuditChain Make(string instance, string origin)
    {
        Run("INSERT INTO chains (instance, origin) VALUES ($instance, $origin)", ("$instance", instance), ("$origin", origin));
        return Find(instance)!;
    }

    private int Run(string text, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(text, parameters);
        return command.ExecuteNonQuery();
    }

    private long? Number(string text, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(text, parameters);
        return command.ExecuteScalar() as long?;
    }

    private SqliteCommand Command(string text, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = Connection.CreateCommand();
        command.CommandText = text;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }

    private void Check(int result)
    {
        if (result != SQLITE_OK) SqliteException.ThrowExceptionForRC(result, Connection.Handle);
    }
}
