namespace Gatehouse.Register;

/// <summary>Where a register is: a file of one instance, or a database of several. Whatever goes wrong with it is thrown.</summary>
internal abstract class RegisterStore : IAsyncDisposable
{
    /// <summary>How many keys of what was read last were not taken, because who wrote them did not have the secret.</summary>
    public abstract int Unsealed { get; }

    public static RegisterStore Open(RegisterSettings settings)
    {
        var tables = new RegisterTables(settings.Gateway, new KeySeal(settings.Gateway, settings.Pepper));
        return settings.Postgres is { } postgres ? new PostgresRegister(postgres, tables) : new SqliteRegister(settings.Sqlite!, tables);
    }

    /// <summary>The number of the last change; null where there never was one.</summary>
    public abstract Task<RegisterVersion?> VersionAsync(CancellationToken cancel);

    /// <summary>What is there, where something was ever written.</summary>
    public abstract Task<RegisterContent> ReadAsync(CancellationToken cancel);

    /// <summary>
    /// Decides by what is there and writes it, in one step that nothing comes between; where nothing was ever written, the tables are made.
    /// </summary>
    /// <returns>What was done, or why nothing was.</returns>
    public abstract Task<RegisterEdit> ChangeAsync(Func<RegisterContent, RegisterEdit> decide, CancellationToken cancel);

    /// <summary>Waits for a sign that something has changed. It may be missed, and it may come for nothing.</summary>
    /// <param name="most">When it is time to look without one.</param>
    public abstract Task WaitAsync(TimeSpan most, TimeProvider clock, CancellationToken cancel);

    public abstract ValueTask DisposeAsync();
}
