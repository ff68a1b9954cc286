using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Audit;

/// <summary>Reads a file of a trail, some records at a time, so that who writes to it is not held up.</summary>
internal sealed class SqliteAuditReader : AuditReader
{
    private const int AtOnce = 1_000;

    private readonly SqliteConnection _connection;
    private bool _isFrozen;

    private SqliteAuditReader(SqliteConnection connection) => _connection = connection;

    /// <exception cref="SqliteException">It cannot be read, or is no such file.</exception>
    /// <exception cref="InvalidDataException">It is of another version, or none of a trail.</exception>
    public static SqliteAuditReader Open(string path) => new(SqliteAuditFile.OpenToRead(path));

    public override void Freeze()
    {
        if (_isFrozen) return;
        _isFrozen = true;
        using var begin = _connection.CreateCommand();
        begin.CommandText = "BEGIN";
        begin.ExecuteNonQuery();
        Chains(); // the first read is what it holds to
    }

    public override IReadOnlyList<AuditChain> Chains()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT id, instance, origin FROM chains ORDER BY id";
        using var reader = command.ExecuteReader();
        var chains = new List<AuditChain>();
        while (reader.Read()) chains.Add(new AuditChain(reader.GetInt64(0), reader.GetString(1), reader.GetString(2)));
        return chains;
    }

    public override IEnumerable<StoredRecord> Records(AuditChain chain, long from = 1) => Read(_connection, chain.Id, from);

    public override long Last(AuditChain chain)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT COALESCE(MAX(sequence), 0) FROM records WHERE chain = $chain";
        command.Parameters.AddWithValue("$chain", chain.Id);
        return (long)command.ExecuteScalar()!;
    }

    public override IEnumerable<StoredCheckpoint> Checkpoints(AuditChain chain)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT size, note, frontier, open_from FROM checkpoints WHERE chain = $chain ORDER BY size";
        command.Parameters.AddWithValue("$chain", chain.Id);
        using var reader = command.ExecuteReader();
        while (reader.Read())
            yield return new StoredCheckpoint(reader.GetInt64(0), reader.GetString(1), BytesOf(reader[2]) ?? [], reader.GetInt64(3));
    }

    public override IReadOnlyList<UnknownIntent> Unknown()
    {
        var chains = Chains().ToDictionary(c => c.Id);
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT chain, request, sequence FROM unknown ORDER BY chain, sequence";
        using var reader = command.ExecuteReader();
        var unknown = new List<UnknownIntent>();
        while (reader.Read())
            if (chains.TryGetValue(reader.GetInt64(0), out var chain)) unknown.Add(new UnknownIntent(chain, reader.GetString(1), reader.GetInt64(2)));
        return unknown;
    }

    public override void Dispose() => _connection.Dispose();

    /// <summary>What stands there, in order; a number that is there twice comes twice.</summary>
    internal static IEnumerable<StoredRecord> Read(SqliteConnection connection, long chain, long from)
    {
        var page = new List<StoredRecord>(AtOnce);
        using var command = connection.CreateCommand();
        command.CommandText =
            "SELECT sequence, time, hash, line, personal FROM records WHERE chain = $chain AND sequence >= $from ORDER BY sequence LIMIT $most";
        command.Parameters.AddWithValue("$chain", chain);
        var start = command.Parameters.AddWithValue("$from", from);
        command.Parameters.AddWithValue("$most", AtOnce);
        do
        {
            page.Clear();
            using (var reader = command.ExecuteReader())
            {
                while (reader.Read())
                {
                    page.Add(new StoredRecord(
                        reader.GetInt64(0), reader.GetInt64(1), BytesOf(reader[2]) ?? [], BytesOf(reader[3]), BytesOf(reader[4])));
                }
            }

            foreach (var record in page) yield return record;
            if (page.Count > 0) start.Value = page[^1].Sequence + 1;
        }
        while (page.Count == AtOnce);
    }

    /// <summary>Whoever changes a row by hand may leave a text where there were bytes.</summary>
    private static byte[]? BytesOf(object value) => value switch
    {
        byte[] bytes => bytes,
        DBNull => null,
        _ => Encoding.UTF8.GetBytes(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""),
    };
}
