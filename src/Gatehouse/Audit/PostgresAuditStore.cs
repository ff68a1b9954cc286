using System.Security.Cryptography;
using System.Text;
using Gatehouse.Stores;
using Npgsql;
using NpgsqlTypes;

namespace Gatehouse.Audit;

/// <summary>
/// A trail in a database that instances share, each with its own chain under a lock of its own: the lock is the connection's, and is gone with it.
/// What is appended goes over in one stream for each transaction. Each call ends within the store's timeout, whatever the server does.
/// </summary>
/// <param name="places">
/// Null for one writer of the instance's name. Otherwise equal instances take places, <c>NAME-1</c>, <c>NAME-2</c> and so on: the first that nobody
/// holds, so that whoever comes next goes on with the chain of whoever is gone, and says what became of what that left open.
/// </param>
internal sealed class PostgresAuditStore(PostgresSettings settings, AuditPlaces? places = null) : AuditStore
{
    /// <summary>Content that may be taken out: not what says that something was.</summary>
    private const string MayGo = "line IS NOT NULL AND kind NOT IN ('retention', 'erasure')";

    private readonly List<(string Subject, long Sequence)> _subjects = [];
    private readonly PostgresFields _fields = new();
    private NpgsqlDataSource? _source;
    private NpgsqlConnection? _connection;
    private NpgsqlTransaction? _transaction;
    private NpgsqlBinaryImporter? _stream;
    private AuditChain? _chain;

    public override string Name => $"the postgres store at {settings.Host}";

    /// <summary>What a server says may name hosts and users, and is not repeated: its code is.</summary>
    public static string Told(Exception e) => e switch
    {
        PostgresException answered => $"the server answered {answered.SqlState}",
        NpgsqlException or TimeoutException => "it cannot be reached, or does not answer in time",
        _ => e.Message,
    };

    public override string Why(Exception e) => Told(e);

    private NpgsqlConnection Connection => _connection ?? throw new InvalidOperationException("the store is not open");

    private AuditChain Chain => _chain ?? throw new InvalidOperationException("the store is not open");

    public override AuditChain Open(string gateway, string instance)
    {
        Connect();
        var name = places is null ? instance : places.Take(instance, TryLock);
        if (places is null && !TryLock(name)) throw new AuditStoreTakenException($"another process writes as '{name}' to this trail");
        return _chain = Find(name) ?? Make(name, CheckpointCopies.NewOrigin(gateway, name));
    }

    public override AuditStore Beside() => new PostgresAuditStore(settings);

    public override IReadOnlyList<(AuditChain Chain, long Last)> OpenForOthers()
    {
        Connect();
        using var command = Command("""
            SELECT id, instance, origin, coalesce((SELECT max(sequence) FROM audit_records WHERE chain = audit_chains.id), 0)
            FROM audit_chains ORDER BY id
            """);
        using var reader = command.ExecuteReader();
        var chains = new List<(AuditChain Chain, long Last)>();
        while (reader.Read()) chains.Add((new AuditChain(reader.GetInt64(0), reader.GetString(1), reader.GetString(2)), reader.GetInt64(3)));
        return chains;
    }

    public override bool TryTake(AuditChain chain)
    {
        if (_chain is { } before) Scalar("SELECT pg_advisory_unlock(@lock)", ("lock", LockOf(before.Instance)));
        _chain = null;
        if (!TryLock(chain.Instance)) return false;
        _chain = chain;
        return true;
    }

    public override StoredCheckpoint? LastCheckpoint()
    {
        using var command = Command("SELECT size, note, frontier, open_from FROM audit_checkpoints WHERE chain = @chain ORDER BY size DESC LIMIT 1",
            ("chain", Chain.Id));
        using var reader = command.ExecuteReader();
        return reader.Read() ? PostgresAuditReader.Checkpoint(reader) : null;
    }

    public override IEnumerable<StoredRecord> Read(long from)
    {
        Flush();
        return PostgresAuditReader.Read(Connection, Chain.Id, from);
    }

    public override IEnumerable<StoredRecord> Read(AuditChain chain, long from) => PostgresAuditReader.Read(Connection, chain.Id, from);

    public override IReadOnlyList<string> Unknown()
    {
        using var command = Command("SELECT request FROM audit_unknown WHERE chain = @chain", ("chain", Chain.Id));
        using var reader = command.ExecuteReader();
        var unknown = new List<string>();
        while (reader.Read()) unknown.Add(reader.GetString(0));
        return unknown;
    }

    public override void Begin()
    {
        _subjects.Clear();
        _transaction = Connection.BeginTransaction();
    }

    public override void Append(in RecordRow row)
    {
        _stream ??= Connection.BeginBinaryImport(
            "COPY audit_records (chain, sequence, time, hash, line, personal, kind, request, intent, consumer, route, problem) FROM STDIN (FORMAT BINARY)");
        _fields.Read(row.Line, row.Personal);
        _stream.StartRow();
        _stream.Write(Chain.Id, NpgsqlDbType.Bigint);
        _stream.Write(row.Sequence, NpgsqlDbType.Bigint);
        _stream.Write(row.Time, NpgsqlDbType.Bigint);
        _stream.Write(row.Hash.ToArray(), NpgsqlDbType.Bytea);
        _stream.Write(row.Line.ToArray(), NpgsqlDbType.Bytea);
        if (row.Personal.IsEmpty) _stream.WriteNull();
        else _stream.Write(row.Personal.ToArray(), NpgsqlDbType.Bytea);
        Text(_fields.Kind);
        Text(_fields.Request);
        Text(_fields.Intent);
        Text(_fields.Consumer);
        Text(_fields.Route);
        Text(_fields.Problem);
        foreach (var subject in _fields.Subjects) _subjects.Add((subject, row.Sequence));
    }

    public override void Append(StoredCheckpoint checkpoint) => Run(
        "INSERT INTO audit_checkpoints (chain, size, note, frontier, open_from) VALUES (@chain, @size, @note, @frontier, @open)",
        ("chain", Chain.Id), ("size", checkpoint.Size), ("note", checkpoint.Note), ("frontier", checkpoint.Frontier), ("open", checkpoint.OpenFrom));

    public override void AddUnknown(string requestId, long sequence) => Run(
        "INSERT INTO audit_unknown (chain, request, sequence) VALUES (@chain, @request, @sequence) ON CONFLICT (chain, request) DO NOTHING",
        ("chain", Chain.Id), ("request", requestId), ("sequence", sequence));

    public override void RemoveUnknown(string requestId) => Run("DELETE FROM audit_unknown WHERE request = @request", ("request", requestId));

    public override int SetAside(long from)
    {
        Run("INSERT INTO audit_set_aside SELECT chain, sequence, time, hash, line, NULL FROM audit_records WHERE chain = @chain AND sequence >= @from",
            ("chain", Chain.Id), ("from", from));
        Run("DELETE FROM audit_subjects WHERE chain = @chain AND sequence >= @from", ("chain", Chain.Id), ("from", from));
        return Run("DELETE FROM audit_records WHERE chain = @chain AND sequence >= @from", ("chain", Chain.Id), ("from", from));
    }

    public override long? FirstWithContent(AuditChain chain, long from, long end) => Scalar(
        $"SELECT min(sequence) FROM audit_records WHERE chain = @chain AND sequence >= @from AND sequence < @end AND {MayGo}",
        ("chain", chain.Id), ("from", from), ("end", end)) as long?;

    public override bool Reaches(AuditChain chain, long sequence) => Scalar(
        "SELECT max(sequence) FROM audit_records WHERE chain = @chain", ("chain", chain.Id)) is long last && last >= sequence;

    public override long LastOver(AuditChain chain, long first, long end, DateTimeOffset before) => (Scalar(
        "SELECT min(sequence) FROM audit_records WHERE chain = @chain AND sequence >= @first AND sequence < @end AND time >= @before",
        ("chain", chain.Id), ("first", first), ("end", end), ("before", before.ToUnixTimeMilliseconds())) as long? ?? end) - 1;

    public override long? LastUnder(AuditChain chain, long first, long last) =>
        Scalar("SELECT max(size) FROM audit_checkpoints WHERE chain = @chain AND size <= @last AND size >= @first",
            ("chain", chain.Id), ("first", first), ("last", last)) as long?
        ?? Scalar("SELECT max(least(size, @last)) FROM audit_checkpoints WHERE chain = @chain", ("chain", chain.Id), ("last", last)) as long?;

    public override int TakeOut(AuditChain chain, long first, long last)
    {
        var taken = Run($"""
            UPDATE audit_records SET line = NULL, personal = NULL, request = NULL, intent = NULL, consumer = NULL, route = NULL, problem = NULL
            WHERE chain = @chain AND sequence BETWEEN @first AND @last AND {MayGo}
            """, ("chain", chain.Id), ("first", first), ("last", last));
        Run("DELETE FROM audit_subjects WHERE chain = @chain AND sequence BETWEEN @first AND @last", ("chain", chain.Id), ("first", first), ("last", last));
        return taken;
    }

    public override void Erase(AuditChain chain, long sequence, byte[]? left)
    {
        Run("UPDATE audit_records SET personal = @left WHERE chain = @chain AND sequence = @sequence",
            ("chain", chain.Id), ("sequence", sequence), ("left", (object?)left ?? DBNull.Value));
        _fields.Read("{}"u8, left);
        var subjects = string.Join(", ", _fields.Subjects.Select((_, i) => $"@s{i}"));
        using var forget = Command(
            $"DELETE FROM audit_subjects WHERE chain = @chain AND sequence = @sequence{(subjects.Length > 0 ? $" AND subject NOT IN ({subjects})" : "")}",
            ("chain", chain.Id), ("sequence", sequence));
        for (var i = 0; i < _fields.Subjects.Count; i++) forget.Parameters.AddWithValue($"s{i}", _fields.Subjects[i]);
        forget.ExecuteNonQuery();
    }

    /// <summary>What a row held before is there until the server's vacuum comes by: that is not in a writer's hands.</summary>
    public override bool Scrub() => true;

    public override void Commit()
    {
        Flush();
        _transaction!.Commit();
        _transaction.Dispose();
        _transaction = null;
    }

    public override void Close()
    {
        Discard(_stream);
        Discard(_transaction);
        Discard(_connection);
        Discard(_source);
        (_stream, _transaction, _connection, _source, _chain) = (null, null, null, null, null);
        _subjects.Clear(); // those of records that were not committed
    }

    private void Connect()
    {
        Close();
        _source = PostgresSource.Open(settings, connections: 1);
        _connection = _source.OpenConnection();
        Prepare();
        PostgresAuditTables.Ensure(_connection);
    }

    /// <summary>
    /// A server that lost its client lets go of the lock soon, and does not go on with what nobody waits for; and what it acknowledges is on its
    /// disk, whatever its owner has set for others.
    /// </summary>
    private void Prepare()
    {
        var most = (long)settings.Timeout.TotalMilliseconds;
        Run($"""
            SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;
            SET idle_in_transaction_session_timeout = {5 * most}; SET statement_timeout = {most}; SET lock_timeout = {most};
            SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
            """);
    }

    private AuditChain? Find(string instance)
    {
        using var find = Command("SELECT id, instance, origin FROM audit_chains WHERE instance = @instance ORDER BY id DESC LIMIT 1", ("instance", instance));
        using var reader = find.ExecuteReader();
        return reader.Read() ? new AuditChain(reader.GetInt64(0), reader.GetString(1), reader.GetString(2)) : null;
    }

    private bool TryLock(string instance) => Scalar("SELECT pg_try_advisory_lock(@lock)", ("lock", LockOf(instance))) is true;

    private AuditChain Make(string instance, string origin)
    {
        Run("INSERT INTO audit_chains (instance, origin) VALUES (@instance, @origin)", ("instance", instance), ("origin", origin));
        return Find(instance)!;
    }

    /// <summary>Ends the streams: until then the connection takes nothing else.</summary>
    private void Flush()
    {
        if (_stream is { } records)
        {
            _stream = null;
            using (records) records.Complete();
        }

        if (_subjects.Count == 0) return;
        using var subjects = Connection.BeginBinaryImport("COPY audit_subjects (subject, chain, sequence) FROM STDIN (FORMAT BINARY)");
        foreach (var (subject, sequence) in _subjects)
        {
            subjects.StartRow();
            subjects.Write(subject, NpgsqlDbType.Text);
            subjects.Write(Chain.Id, NpgsqlDbType.Bigint);
            subjects.Write(sequence, NpgsqlDbType.Bigint);
        }

        subjects.Complete();
        _subjects.Clear();
    }

    private void Text(string? value)
    {
        if (value is null) _stream!.WriteNull();
        else _stream!.Write(value, NpgsqlDbType.Text);
    }

    /// <summary>The number by which the server knows the lock of an instance.</summary>
    private static long LockOf(string instance) =>
        BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes($"gatehouse audit {instance}")));

    private int Run(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        Flush();
        using var command = Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    private object? Scalar(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(sql, parameters);
        return command.ExecuteScalar();
    }

    private NpgsqlCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = new NpgsqlCommand(sql, Connection, _transaction);
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }

    /// <summary>What was begun and not committed is gone with it.</summary>
    private static void Discard(IDisposable? what)
    {
        try
        {
            what?.Dispose();
        }
        catch (Exception)
        {
            // what could not be written has been told, or will be when it is opened anew
        }
    }
}
