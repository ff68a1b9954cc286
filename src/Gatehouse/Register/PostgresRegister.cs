using System.Data;
using Gatehouse.Stores;
using Npgsql;

namespace Gatehouse.Register;

/// <summary>
/// The register of several instances, in a database. Whoever reads needs to be allowed nothing but that; who changes something for the first time
/// makes the tables. Who changes something tells all who listen, on the connection that they ask over anyway.
/// </summary>
internal sealed class PostgresRegister(PostgresSettings settings, RegisterTables tables) : RegisterStore
{
    private const string Channel = "gatehouse_register";

    /// <summary>So that two who make the tables at once do not meet: a number of nobody else's, it is hoped.</summary>
    private const string OneAtATime = "SELECT pg_advisory_xact_lock(7150310427218813)";

    private readonly NpgsqlDataSource _source = PostgresSource.Open(settings, connections: 0);
    private NpgsqlConnection? _connection;

    public override int Unsealed => tables.Unsealed;

    public override Task<RegisterVersion?> VersionAsync(CancellationToken cancel) => AskAsync<RegisterVersion?>(
        async connection =>
        {
            try
            {
                return await tables.VersionAsync(connection, cancel);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
            {
                return null;
            }
        },
        cancel);

    public override Task<RegisterContent> ReadAsync(CancellationToken cancel) => AskAsync(
        async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
            return await tables.ReadAsync(connection, transaction, cancel);
        },
        cancel);

    public override async Task<RegisterEdit> ChangeAsync(Func<RegisterContent, RegisterEdit> decide, CancellationToken cancel)
    {
        await using var connection = await _source.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (!await IsMadeAsync(connection, transaction, cancel))
        {
            await RunAsync(connection, transaction, OneAtATime, cancel);
            await RunAsync(connection, transaction, RegisterTables.Schema("BYTEA"), cancel);
        }

        await tables.RaiseAsync(connection, transaction, cancel);
        var content = await tables.ReadAsync(connection, transaction, cancel);
        var edit = decide(content);
        if (edit.Refusal is not null) return edit;
        await tables.WriteAsync(connection, transaction, edit, content.Version.Number, cancel);
        await RunAsync(connection, transaction, "NOTIFY " + Channel, cancel);
        await transaction.CommitAsync(cancel);
        return edit;
    }

    public override async Task WaitAsync(TimeSpan most, TimeProvider clock, CancellationToken cancel)
    {
        if (_connection is not { } connection)
        {
            await Task.Delay(most, clock, cancel);
            return;
        }

        try
        {
            await connection.WaitAsync(most, cancel);
        }
        catch (Exception) when (!cancel.IsCancellationRequested)
        {
            await DropAsync(); // the next question opens another
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await DropAsync();
        await _source.DisposeAsync();
    }

    private async Task<T> AskAsync<T>(Func<NpgsqlConnection, Task<T>> ask, CancellationToken cancel)
    {
        try
        {
            return await ask(_connection ??= await ListenAsync(cancel));
        }
        catch (Exception)
        {
            await DropAsync();
            throw;
        }
    }

    private async Task<NpgsqlConnection> ListenAsync(CancellationToken cancel)
    {
        var connection = await _source.OpenConnectionAsync(cancel);
        try
        {
            await RunAsync(connection, null, "LISTEN " + Channel, cancel);
            return connection;
        }
        catch (Exception)
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async ValueTask DropAsync()
    {
        if (Interlocked.Exchange(ref _connection, null) is not { } connection) return;
        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception)
        {
            // it was broken, which is why it goes
        }
    }

    private static async Task<bool> IsMadeAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand("SELECT to_regclass('gatehouse_register_changes') IS NOT NULL", connection, transaction);
        return await command.ExecuteScalarAsync(cancel) is true;
    }

    private static async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string text, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(text, connection, transaction);
        await command.ExecuteNonQueryAsync(cancel);
    }
}
