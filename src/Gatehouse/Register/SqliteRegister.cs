using Gatehouse.Configuration;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Register;

/// <summary>The register of one instance, in a file. It is opened for each question, so that a file that was put in its place is seen.</summary>
internal sealed class SqliteRegister(string path, RegisterTables tables) : RegisterStore
{
    public override int Unsealed => tables.Unsealed;

    public override async Task<RegisterVersion?> VersionAsync(CancellationToken cancel)
    {
        if (!File.Exists(path)) return null;
        await using var connection = Connect();
        return IsMade(connection) ? await tables.VersionAsync(connection, cancel) : null;
    }

    public override async Task<RegisterContent> ReadAsync(CancellationToken cancel)
    {
        await using var connection = Connect();
        await using var transaction = connection.BeginTransaction(deferred: true);
        return await tables.ReadAsync(connection, transaction, cancel);
    }

    public override async Task<RegisterEdit> ChangeAsync(Func<RegisterContent, RegisterEdit> decide, CancellationToken cancel)
    {
        OwnersFile.Prepare(path);
        await using var connection = Connect();
        Run(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
        await using var transaction = connection.BeginTransaction(deferred: false);
        await using (var schema = connection.CreateCommand())
        {
            schema.Transaction = transaction;
            schema.CommandText = RegisterTables.Schema("BLOB");
            await schema.ExecuteNonQueryAsync(cancel);
        }

        await tables.RaiseAsync(connection, transaction, cancel);
        var content = await tables.ReadAsync(connection, transaction, cancel);
        var edit = decide(content);
        if (edit.Refusal is not null) return edit;
        await tables.WriteAsync(connection, transaction, edit, content.Version.Number, cancel);
        await transaction.CommitAsync(cancel);
        return edit;
    }

    public override Task WaitAsync(TimeSpan most, TimeProvider clock, CancellationToken cancel) => Task.Delay(most, clock, cancel);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 5,
        }.ToString());
        connection.Open();
        return connection;
    }

    private static bool IsMade(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT 1 FROM sqlite_master WHERE name = 'gatehouse_register'";
        return command.ExecuteScalar() is not null;
    }

    private static void Run(SqliteConnection connection, string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }
}
