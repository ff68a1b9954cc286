using Gatehouse.Stores;
using Npgsql;

namespace Gatehouse.Audit;

/// <summary>Reads the trails of a database, some records at a time.</summary>
internal sealed class PostgresAuditReader : AuditReader
{
    private const int AtOnce = 1_000;
    private const string Columns = "sequence, time, hash, line, personal";

    /// <summary>By what a record is found: what of it stands in the table a second time.</summary>
    private const string Found = """
        , kind, request, intent, consumer, route, problem,
        (SELECT string_agg(subject, chr(10)) FROM audit_subjects s WHERE s.chain = audit_records.chain AND s.sequence = audit_records.sequence)
        """;

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;
    private NpgsqlTransaction? _frozen;

    private PostgresAuditReader(NpgsqlDataSource source, NpgsqlConnection connection) => (_source, _connection) = (source, connection);

    /// <exception cref="NpgsqlException">It cannot be reached.</exception>
    /// <exception cref="InvalidDataException">There is no trail, or one of another version.</exception>
    public static PostgresAuditReader Open(PostgresSettings settings)
    {
        var source = PostgresSource.Open(settings, connections: 1);
        try
        {
            var connection = source.OpenConnection();
            if (PostgresAuditTables.VersionOf(connection) is null) throw new InvalidDataException("there is no audit trail in the postgres store");
            PostgresAuditTables.Ensure(connection);
            return new PostgresAuditReader(source, connection);
        }
        catch (Exception)
        {
            source.Dispose();
            throw;
        }
    }

    public override IReadOnlyList<AuditChain> Chains()
    {
        using var command = new NpgsqlCommand("SELECT id, instance, origin FROM audit_chains ORDER BY id", _connection);
        using var reader = command.ExecuteReader();
        var chains = new List<AuditChain>();
        while (reader.Read()) chains.Add(new AuditChain(reader.GetInt64(0), reader.GetString(1), reader.GetString(2)));
        return chains;
    }

    /// <summary>The transaction is over with the connection.</summary>
    public override void Freeze() => _frozen ??= _connection.BeginTransaction(System.Data.IsolationLevel.RepeatableRead);

    public override IEnumerable<StoredRecord> Records(AuditChain chain, long from = 1) =>
        Pages(_connection, "chain = @chain", command => command.Parameters.AddWithValue("chain", chain.Id), from, compares: true);

    public override IEnumerable<StoredRecord> Candidates(AuditChain chain, AuditQuery query)
    {
        var where = new PostgresCondition(chain, query);
        return where.IsEverything ? Records(chain) : Pages(_connection, where.Text, where.AddTo, from: 1);
    }

    public override long Last(AuditChain chain)
    {
        using var command = new NpgsqlCommand("SELECT coalesce(max(sequence), 0) FROM audit_records WHERE chain = @chain", _connection);
        command.Parameters.AddWithValue("chain", chain.Id);
        return (long)command.ExecuteScalar()!;
    }

    public override IEnumerable<StoredCheckpoint> Checkpoints(AuditChain chain)
    {
        using var command = new NpgsqlCommand("SELECT size, note, frontier, open_from FROM audit_checkpoints WHERE chain = @chain ORDER BY size", _connection);
        command.Parameters.AddWithValue("chain", chain.Id);
        using var reader = command.ExecuteReader();
        while (reader.Read()) yield return Checkpoint(reader);
    }

    public override IReadOnlyList<UnknownIntent> Unknown()
    {
        var chains = Chains().ToDictionary(c => c.Id);
        using var command = new NpgsqlCommand("SELECT chain, request, sequence FROM audit_unknown ORDER BY chain, sequence", _connection);
        using var reader = command.ExecuteReader();
        var unknown = new List<UnknownIntent>();
        while (reader.Read())
            if (chains.TryGetValue(reader.GetInt64(0), out var chain)) unknown.Add(new UnknownIntent(chain, reader.GetString(1), reader.GetInt64(2)));
        return unknown;
    }

    public override void Dispose()
    {
        _frozen?.Dispose();
        _connection.Dispose();
        _source.Dispose();
    }

    internal static StoredCheckpoint Checkpoint(NpgsqlDataReader reader) =>
        new(reader.GetInt64(0), reader.GetString(1), (byte[])reader[2], reader.GetInt64(3));

    /// <summary>What stands there, in order.</summary>
    internal static IEnumerable<StoredRecord> Read(NpgsqlConnection connection, long chain, long from) =>
        Pages(connection, "chain = @chain", command => command.Parameters.AddWithValue("chain", chain), from);

    private static bool IsFound(NpgsqlDataReader reader, StoredRecord record, PostgresFields fields)
    {
        if (record.Line is not { } line) return true; // that nothing of it is left is said elsewhere
        try
        {
            fields.Read(line, record.Personal);
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException)
        {
            return true; // it is no record, which is worse, and found out by its hash
        }

        string?[] says = [fields.Kind, fields.Request, fields.Intent, fields.Consumer, fields.Route, fields.Problem];
        for (var i = 0; i < says.Length; i++)
            if (says[i] != reader[5 + i] as string) return false;
        var listed = reader[5 + says.Length] as string; // a subject is a kind, a key's name and digits: no line end is in one
        return fields.Subjects.ToHashSet(StringComparer.Ordinal).SetEquals(listed?.Split('\n') ?? []);
    }

    private static IEnumerable<StoredRecord> Pages(
        NpgsqlConnection connection, string where, Action<NpgsqlCommand> add, long from, bool compares = false)
    {
        var fields = new PostgresFields();
        var page = new List<StoredRecord>(AtOnce);
        do
        {
            page.Clear();
            using (var command = new NpgsqlCommand($"SELECT {Columns}{(compares ? Found : "")} FROM audit_records WHERE {where} AND sequence >= @from ORDER BY sequence LIMIT {AtOnce}", connection))
            {
                add(command);
                command.Parameters.AddWithValue("from", from);
                using var reader = command.ExecuteReader();
                while (reader.Read())
                {
                    var (line, personal) = (reader[3] as byte[], reader[4] as byte[]);
                    var record = new StoredRecord(reader.GetInt64(0), reader.GetInt64(1), (byte[])reader[2], line, personal);
                    page.Add(compares ? record with { IsFoundByWhatItSays = IsFound(reader, record, fields) } : record);
                }
            }

            foreach (var record in page) yield return record;
            if (page.Count > 0) from = page[^1].Sequence + 1;
        }
        while (page.Count == AtOnce);
    }
}
