using Gatehouse.Configuration;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Audit;

/// <summary>The file of a trail: how it is made, opened and closed to others.</summary>
internal static class SqliteAuditFile
{
    private const long Version = 1;

    /// <summary>Opens the file to write, or makes it.</summary>
    /// <exception cref="SqliteException">It cannot be written.</exception>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="InvalidDataException">It is of another version.</exception>
    public static SqliteConnection OpenToWrite(string path)
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
            return connection;
        }
        catch (Exception)
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file to read, also one that may not be written to.</summary>
    /// <exception cref="SqliteException">It cannot be read, or is no such file.</exception>
    /// <exception cref="InvalidDataException">It is of another version, or none of a trail.</exception>
    public static SqliteConnection OpenToRead(string path)
    {
        try
        {
            return OpenToRead(path, isImmutable: false);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is 8 or 14 && File.Exists(path) && !File.Exists(path + "-wal"))
        {
            return OpenToRead(path, isImmutable: true); // where nothing may be written beside it
        }
    }

    private static SqliteConnection OpenToRead(string path, bool isImmutable)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = isImmutable ? $"{new Uri(Path.GetFullPath(path)).AbsoluteUri}?immutable=1" : path,
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
            DefaultTimeout = 5,
        }.ToString());
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version";
            if ((long)command.ExecuteScalar()! is not Version and var version)
                throw new InvalidDataException($"the file has version {version}, and this program knows {Version}");
            return connection;
        }
        catch (Exception)
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Prepare(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        // what is taken out is overwritten, so that what was erased is not in the file's free pages
        command.CommandText = "PRAGMA busy_timeout = 1000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 2000";
        command.ExecuteNonQuery();
        using var transaction = connection.BeginTransaction(deferred: false);
        command.Transaction = transaction;
        command.CommandText = "PRAGMA user_version";
        var version = (long)command.ExecuteScalar()!;
        if (version is not (0 or Version)) throw new InvalidDataException($"the file has version {version}, and this program knows {Version}");
        command.CommandText = $"""
            CREATE TABLE IF NOT EXISTS chains (id INTEGER PRIMARY KEY, instance TEXT NOT NULL, origin TEXT NOT NULL UNIQUE);
            CREATE TABLE IF NOT EXISTS records (
              chain INTEGER NOT NULL, sequence INTEGER NOT NULL, time INTEGER NOT NULL, hash BLOB NOT NULL, line BLOB, personal BLOB,
              PRIMARY KEY (chain, sequence));
            CREATE TABLE IF NOT EXISTS checkpoints (
              chain INTEGER NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL, frontier BLOB NOT NULL, open_from INTEGER NOT NULL,
              PRIMARY KEY (chain, size));
            CREATE TABLE IF NOT EXISTS unknown (
              chain INTEGER NOT NULL, request TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (chain, request));
            CREATE TABLE IF NOT EXISTS set_aside (
              chain INTEGER NOT NULL, sequence INTEGER NOT NULL, time INTEGER, hash BLOB, line BLOB, personal BLOB);
            PRAGMA user_version = {Version};
            """;
        command.ExecuteNonQuery();
        transaction.Commit();
    }
}
