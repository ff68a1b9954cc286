using System.Data;
using System.Data.Common;
using System.Security.Cryptography;

namespace Gatehouse.Register;

/// <summary>
/// The tables, in words that SQLite and PostgreSQL both understand. One row for each gateway with its version, which every change raises and by which
/// changes wait for each other; one for each key, suspension and change. Times are milliseconds of Unix time.
/// </summary>
internal sealed class RegisterTables(string gateway, KeySeal seal)
{
    private const string KeyColumns = "id, consumer, hash, seal, created, created_by, reason, expires, revoked, revoked_by, revoked_reason";
    private const string SuspensionColumns = "kind, name, since, until, suspended_by, reason, resumed, resumed_by, resumed_reason";

    /// <summary>How many rows of the last content were not taken, because who wrote them did not have the secret.</summary>
    public int Unsealed { get; private set; }

    /// <param name="binary">The store's word for bytes.</param>
    public static string Schema(string binary) => $"""
        CREATE TABLE IF NOT EXISTS gatehouse_register (gateway TEXT PRIMARY KEY, version BIGINT NOT NULL, epoch BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS gatehouse_keys (
          gateway TEXT NOT NULL, id TEXT NOT NULL, consumer TEXT NOT NULL, hash {binary} NOT NULL, seal {binary} NOT NULL,
          created BIGINT NOT NULL, created_by TEXT NOT NULL, reason TEXT NOT NULL, expires BIGINT NOT NULL,
          revoked BIGINT, revoked_by TEXT, revoked_reason TEXT, PRIMARY KEY (gateway, id));
        CREATE TABLE IF NOT EXISTS gatehouse_suspensions (
          gateway TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, since BIGINT NOT NULL, until BIGINT, suspended_by TEXT NOT NULL,
          reason TEXT NOT NULL, resumed BIGINT, resumed_by TEXT, resumed_reason TEXT, PRIMARY KEY (gateway, kind, name));
        CREATE TABLE IF NOT EXISTS gatehouse_register_changes (
          gateway TEXT NOT NULL, version BIGINT NOT NULL, at BIGINT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL, done_by TEXT NOT NULL,
          reason TEXT NOT NULL, state_before TEXT NOT NULL, state_after TEXT NOT NULL, PRIMARY KEY (gateway, version));
        """;

    /// <summary>The version that is there; null where nothing was ever written for this gateway.</summary>
    public async Task<RegisterVersion?> VersionAsync(DbConnection connection, CancellationToken cancel, DbTransaction? transaction = null)
    {
        await using var command = Command(connection, transaction, "SELECT version, epoch FROM gatehouse_register WHERE gateway = @gateway");
        await using var row = await command.ExecuteReaderAsync(cancel);
        return await row.ReadAsync(cancel) ? new RegisterVersion(row.GetInt64(0), row.GetInt64(1)) : null;
    }

    /// <summary>
    /// Names the change that is to come, and keeps other changes waiting until the transaction ends. The number alone would name another one, too,
    /// where a store was set back to an older copy and changed as often again.
    /// </summary>
    public async Task RaiseAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancel)
    {
        await using var command = Command(connection, transaction,
            "INSERT INTO gatehouse_register (gateway, version, epoch) VALUES (@gateway, 1, @epoch) "
            + "ON CONFLICT (gateway) DO UPDATE SET version = gatehouse_register.version + 1, epoch = excluded.epoch",
            ("@epoch", BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)))));
        await command.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Everything that is there, as of one moment: within a transaction that sees one.</summary>
    /// <exception cref="InvalidDataException">There is more than a register may hold.</exception>
    public async Task<RegisterContent> ReadAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancel)
    {
        return new RegisterContent(
            await VersionAsync(connection, cancel, transaction) ?? default,
            await ReadKeysAsync(connection, transaction, cancel),
            await ReadSuspensionsAsync(connection, transaction, cancel));
    }

    public async Task WriteAsync(
        DbConnection connection, DbTransaction transaction, RegisterEdit edit, long version, CancellationToken cancel)
    {
        foreach (var key in edit.Keys) await WriteAsync(connection, transaction, key, cancel);
        foreach (var suspension in edit.Suspensions) await WriteAsync(connection, transaction, suspension, cancel);
        var change = edit.Change!;
        await using var command = Command(connection, transaction,
            "INSERT INTO gatehouse_register_changes (gateway, version, at, what, subject, done_by, reason, state_before, state_after) "
            + "VALUES (@gateway, @version, @at, @what, @subject, @by, @reason, @before, @after)",
            ("@version", version), ("@at", Milliseconds(change.At)), ("@what", change.What), ("@subject", change.Subject), ("@by", change.By),
            ("@reason", change.Reason), ("@before", change.Before), ("@after", change.After));
        await command.ExecuteNonQueryAsync(cancel);
    }

    private async Task<List<IssuedKey>> ReadKeysAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancel)
    {
        await using var command = Command(connection, transaction,
            $"SELECT {KeyColumns} FROM gatehouse_keys WHERE gateway = @gateway LIMIT {RegisterContent.Most + 1}");
        await using var row = await command.ExecuteReaderAsync(cancel);
        var keys = new List<IssuedKey>();
        var unsealed = 0;
        while (await row.ReadAsync(cancel))
        {
            var key = new IssuedKey(row.GetString(0), row.GetString(1), (byte[])row.GetValue(2), Instant(row.GetInt64(4)), Instant(row.GetInt64(7)))
            {
                By = row.GetString(5),
                Reason = row.GetString(6),
                Revoked = EndingOf(row, 8),
            };
            if (seal.Holds(key, (byte[])row.GetValue(3))) keys.Add(key);
            else unsealed++;
        }

        Unsealed = unsealed;
        return Bounded(keys);
    }

    private async Task<List<Suspension>> ReadSuspensionsAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancel)
    {
        await using var command = Command(connection, transaction,
            $"SELECT {SuspensionColumns} FROM gatehouse_suspensions WHERE gateway = @gateway LIMIT {RegisterContent.Most + 1}");
        await using var row = await command.ExecuteReaderAsync(cancel);
        var suspensions = new List<Suspension>();
        while (await row.ReadAsync(cancel))
        {
            if (Suspension.KindOf(row.GetString(0)) is not { } kind) continue; // of a later version, which this one could not keep
            DateTimeOffset? until = row.IsDBNull(3) ? null : Instant(row.GetInt64(3));
            var since = Instant(row.GetInt64(2));
            suspensions.Add(new Suspension(kind, row.GetString(1), since, until, row.GetString(4), row.GetString(5)) { Resumed = EndingOf(row, 6) });
        }

        return Bounded(suspensions);
    }

    private async Task WriteAsync(DbConnection connection, DbTransaction transaction, IssuedKey key, CancellationToken cancel)
    {
        await using var command = Command(connection, transaction,
            $"INSERT INTO gatehouse_keys (gateway, {KeyColumns}) VALUES (@gateway, @id, @consumer, @hash, @seal, @created, @by, @reason, @expires, "
            + "@revoked, @revokedBy, @revokedReason) ON CONFLICT (gateway, id) DO UPDATE SET seal = excluded.seal, expires = excluded.expires, "
            + "revoked = excluded.revoked, revoked_by = excluded.revoked_by, revoked_reason = excluded.revoked_reason",
            ("@id", key.Id), ("@consumer", key.Consumer), ("@hash", key.Hash), ("@seal", seal.Of(key)), ("@created", Milliseconds(key.Created)),
            ("@by", key.By), ("@reason", key.Reason), ("@expires", Milliseconds(key.Expires)), ("@revoked", Milliseconds(key.Revoked?.At)),
            ("@revokedBy", key.Revoked?.By ?? Missing), ("@revokedReason", key.Revoked?.Reason ?? Missing));
        await command.ExecuteNonQueryAsync(cancel);
    }

    private async Task WriteAsync(DbConnection connection, DbTransaction transaction, Suspension suspension, CancellationToken cancel)
    {
        await using var command = Command(connection, transaction,
            $"INSERT INTO gatehouse_suspensions (gateway, {SuspensionColumns}) VALUES (@gateway, @kind, @name, @since, @until, @by, @reason, @resumed, "
            + "@resumedBy, @resumedReason) ON CONFLICT (gateway, kind, name) DO UPDATE SET since = excluded.since, until = excluded.until, "
            + "suspended_by = excluded.suspended_by, reason = excluded.reason, resumed = excluded.resumed, resumed_by = excluded.resumed_by, "
            + "resumed_reason = excluded.resumed_reason",
            ("@kind", Suspension.Word(suspension.Kind)), ("@name", suspension.Name), ("@since", Milliseconds(suspension.Since)),
            ("@until", Milliseconds(suspension.Until)), ("@by", suspension.By), ("@reason", suspension.Reason),
            ("@resumed", Milliseconds(suspension.Resumed?.At)), ("@resumedBy", suspension.Resumed?.By ?? Missing),
            ("@resumedReason", suspension.Resumed?.Reason ?? Missing));
        await command.ExecuteNonQueryAsync(cancel);
    }

    private DbCommand Command(
        DbConnection connection, DbTransaction? transaction, string text, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        command.Transaction = transaction;
        Add(command, "@gateway", gateway);
        foreach (var (name, value) in parameters) Add(command, name, value);
        return command;
    }

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.DbType = value switch
        {
            long or DBNull => DbType.Int64,
            byte[] => DbType.Binary,
            _ => DbType.String,
        };
        parameter.Value = ReferenceEquals(value, Missing) ? DBNull.Value : value;
        command.Parameters.Add(parameter);
    }

    /// <summary>A text that is not there.</summary>
    private static readonly object Missing = new();

    private static Ending? EndingOf(DbDataReader row, int at) =>
        row.IsDBNull(at) ? null : new Ending(Instant(row.GetInt64(at)), TextOf(row, at + 1), TextOf(row, at + 2));

    private static string TextOf(DbDataReader row, int at) => row.IsDBNull(at) ? "" : row.GetString(at);

    private static DateTimeOffset Instant(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static long Milliseconds(DateTimeOffset instant) => instant.ToUnixTimeMilliseconds();

    private static object Milliseconds(DateTimeOffset? instant) => instant is { } there ? Milliseconds(there) : DBNull.Value;

    private static List<T> Bounded<T>(List<T> rows) => rows.Count <= RegisterContent.Most ? rows
        : throw new InvalidDataException($"it holds more than {RegisterContent.Most} keys or suspensions");
}
