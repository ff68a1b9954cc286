using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Ledger;

/// <summary>
/// The file, open. One row for each caller of each quota: the period, what is spent in it, and the same of the period before. When the wall clock has
/// gone back over the begin of a period, what was spent on both sides counts in the one that it has come back to; so nothing is ever reset by it, and
/// nobody is kept out beyond that period's end. Beside them, what a store that instances share has said last of each caller.
/// </summary>
internal sealed class QuotaFile : IDisposable
{
    /// <summary>The most rows; further callers share one row a quota.</summary>
    public const int MostRows = 1_000_000;

    private const long Version = 1;
    private const int DigestBytes = 16;

    /// <summary>How much older than what is asked about a row has to be before it may go: the clock may be wrong.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(93);

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _find;
    private readonly SqliteCommand _put;
    private readonly SqliteCommand _recall;
    private readonly SqliteCommand _remember;
    private readonly Dictionary<string, long> _quotas = new(StringComparer.Ordinal);
    private readonly byte[] _secret;
    private readonly int _mostRows;
    private SqliteTransaction? _transaction;
    private DateTimeOffset _sweptFor = DateTimeOffset.MinValue;
    private DateTimeOffset _heardSweptFor = DateTimeOffset.MinValue;
    private long _rows;
    private long _heard;

    private QuotaFile(SqliteConnection connection, int mostRows)
    {
        (_connection, _mostRows) = (connection, mostRows);
        _find = Command("SELECT period, spent, before, spent_before, ends FROM spent WHERE quota = $quota AND who = $who", "$quota", "$who");
        _put = Command(
            "INSERT OR REPLACE INTO spent (quota, who, period, spent, before, spent_before, ends) VALUES ($quota, $who, $period, $spent, $before, $spentBefore, $ends)",
            "$quota", "$who", "$period", "$spent", "$before", "$spentBefore", "$ends");
        _recall = Command("SELECT period, spent, life, turn FROM heard WHERE quota = $quota AND who = $who", "$quota", "$who");
        _remember = Command(
            "INSERT OR REPLACE INTO heard (quota, who, period, spent, life, turn, ends) VALUES ($quota, $who, $period, $spent, $life, $turn, $ends)",
            "$quota", "$who", "$period", "$spent", "$life", "$turn", "$ends");
        using var secret = Command("SELECT value FROM secret");
        _secret = (byte[])secret.ExecuteScalar()!;
        using var rows = Command("SELECT COUNT(*) FROM spent");
        _rows = (long)rows.ExecuteScalar()!;
        rows.CommandText = "SELECT COUNT(*) FROM heard";
        _heard = (long)rows.ExecuteScalar()!;
    }

    /// <summary>Opens the file, or makes it, and proves that it can be written.</summary>
    /// <exception cref="SqliteException">It cannot.</exception>
    /// <exception cref="IOException">It cannot.</exception>
    /// <exception cref="InvalidDataException">It is of another version.</exception>
    public static QuotaFile Open(string path, int mostRows = MostRows)
    {
        OwnersFile.Prepare(path);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 1,
        }.ToString());
        try
        {
            connection.Open();
            Prepare(connection);
            return new QuotaFile(connection, mostRows);
        }
        catch (Exception)
        {
            connection.Dispose();
            throw;
        }
    }

    public void Begin()
    {
        _transaction = _connection.BeginTransaction(deferred: false);
        _find.Transaction = _put.Transaction = _recall.Transaction = _remember.Transaction = _transaction;
    }

    public void Commit()
    {
        _transaction!.Commit();
        _transaction.Dispose();
        _transaction = null;
    }

    /// <summary>Reserves what is asked for, or takes it back where it is less than nothing, within the transaction that has begun.</summary>
    public Grant Take(LedgerQuestion question)
    {
        var quota = IdOf(question.Quota);
        var who = DigestOf(question.Who);
        var row = Find(quota, who);
        if (row is null && _rows >= _mostRows) Sweep(question.Ends);
        if (row is null && _rows >= _mostRows)
        {
            who = new byte[DigestBytes];
            row = Find(quota, who);
        }

        var next = (row ?? new Row(question.Period, 0, 0, 0, long.MinValue)).At(question.Period, question.Latest);
        // what is given back of a period that is over is of no use
        if (question.Want < 0 && (row is null || next.Period != row.Value.Period)) return new Grant(next.Period, next.Spent, 0);
        var units = question.Want < 0 ? Math.Max(question.Want, -next.Spent) : Math.Clamp(question.Allow - next.Spent, 0, question.Want);
        next = next with { Spent = next.Spent + units, Ends = Math.Max(next.Ends, question.Ends.ToUnixTimeSeconds()) };
        if (next != row) Put(quota, who, next);
        if (row is null) _rows++;
        return new Grant(next.Period, next.Spent, units);
    }

    /// <summary>What is remembered of the caller's count in a shared store, in the period of the question; null for nothing.</summary>
    public Grant? Recall(LedgerQuestion question)
    {
        _recall.Parameters[0].Value = IdOf(question.Quota);
        _recall.Parameters[1].Value = DigestOf(question.Who);
        using var reader = _recall.ExecuteReader();
        if (!reader.Read()) return null;
        var grant = new Grant(reader.GetInt64(0), reader.GetInt64(1), 0) { Life = reader.GetInt64(2), Turn = reader.GetInt64(3) };
        return grant.Period == question.Period || grant.Period == question.Latest ? grant : null;
    }

    /// <summary>Keeps what a shared store has said; while there is no place, nothing of further callers.</summary>
    public void Remember(LedgerQuestion question, Grant grant)
    {
        if (_heard >= _mostRows && question.Ends > _heardSweptFor)
        {
            _heardSweptFor = question.Ends;
            _heard -= SweepOf("heard", question.Ends);
        }

        var quota = IdOf(question.Quota);
        var who = DigestOf(question.Who);
        _recall.Parameters[0].Value = quota;
        _recall.Parameters[1].Value = who;
        var isNew = _recall.ExecuteScalar() is null;
        if (isNew && _heard >= _mostRows) return;
        Run(_remember, quota, who, grant.Period, grant.Spent, grant.Life, grant.Turn, question.Ends.ToUnixTimeSeconds());
        if (isNew) _heard++;
    }

    public void Dispose()
    {
        _transaction?.Dispose();
        _find.Dispose();
        _put.Dispose();
        _recall.Dispose();
        _remember.Dispose();
        _connection.Dispose();
    }

    private static void Prepare(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL";
        command.ExecuteNonQuery();
        using var transaction = connection.BeginTransaction(deferred: false);
        command.Transaction = transaction;
        command.CommandText = "PRAGMA user_version";
        var version = (long)command.ExecuteScalar()!;
        if (version is not (0 or Version)) throw new InvalidDataException($"the file has version {version}, and this program knows {Version}");
        command.CommandText = $"""
            CREATE TABLE IF NOT EXISTS secret (one INTEGER PRIMARY KEY CHECK (one = 1), value BLOB NOT NULL);
            CREATE TABLE IF NOT EXISTS quotas (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
            CREATE TABLE IF NOT EXISTS spent (
              quota INTEGER NOT NULL, who BLOB NOT NULL, period INTEGER NOT NULL, spent INTEGER NOT NULL,
              before INTEGER NOT NULL, spent_before INTEGER NOT NULL, ends INTEGER NOT NULL, PRIMARY KEY (quota, who)) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS heard (
              quota INTEGER NOT NULL, who BLOB NOT NULL, period INTEGER NOT NULL, spent INTEGER NOT NULL,
              life INTEGER NOT NULL, turn INTEGER NOT NULL, ends INTEGER NOT NULL, PRIMARY KEY (quota, who)) WITHOUT ROWID;
            INSERT OR IGNORE INTO secret (one, value) VALUES (1, $secret);
            PRAGMA user_version = {Version};
            """;
        command.Parameters.AddWithValue("$secret", RandomNumberGenerator.GetBytes(32));
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    private SqliteCommand Command(string text, params ReadOnlySpan<string> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        foreach (var name in parameters) command.Parameters.Add(new SqliteParameter { ParameterName = name });
        return command;
    }

    /// <summary>Forgets what has been over for long; only when there is no place left, and once a period.</summary>
    private void Sweep(DateTimeOffset ends)
    {
        if (ends <= _sweptFor) return;
        _sweptFor = ends;
        _rows -= SweepOf("spent", ends);
    }

    private int SweepOf(string table, DateTimeOffset ends)
    {
        using var sweep = Command($"DELETE FROM {table} WHERE ends < $over", "$over");
        sweep.Transaction = _transaction;
        sweep.Parameters[0].Value = (ends - KeptFor).ToUnixTimeSeconds();
        return sweep.ExecuteNonQuery();
    }

    private long IdOf(string quota)
    {
        if (_quotas.TryGetValue(quota, out var id)) return id;
        using var insert = Command("INSERT OR IGNORE INTO quotas (name) VALUES ($name)", "$name");
        insert.Transaction = _transaction;
        insert.Parameters[0].Value = quota;
        insert.ExecuteNonQuery();
        insert.CommandText = "SELECT id FROM quotas WHERE name = $name";
        return _quotas[quota] = (long)insert.ExecuteScalar()!;
    }

    private byte[] DigestOf(string who) => HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes(who))[..DigestBytes];

    private Row? Find(long quota, byte[] who)
    {
        _find.Parameters[0].Value = quota;
        _find.Parameters[1].Value = who;
        using var reader = _find.ExecuteReader();
        return reader.Read() ? new Row(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4)) : null;
    }

    private void Put(long quota, byte[] who, Row row) => Run(_put, quota, who, row.Period, row.Spent, row.Before, row.SpentBefore, row.Ends);

    private static void Run(SqliteCommand command, params object[] values)
    {
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
        command.ExecuteNonQuery();
    }

    private readonly record struct Row(long Period, long Spent, long Before, long SpentBefore, long Ends)
    {
        /// <summary>The row when a period has come, or has come again.</summary>
        public Row At(long period, long latest)
        {
            if (Period == period || Period == latest) return this;
            if (Period < period) return new Row(period, 0, Period, Spent, Ends);
            return Before == period ? new Row(period, Spent + SpentBefore, 0, 0, Ends) : this with { Period = period };
        }
    }
}
