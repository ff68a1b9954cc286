namespace Gatehouse.Register;

/// <summary>
/// What changes a register: every change goes through here, whoever asks for it. In force it is on every instance as soon as that has looked.
/// </summary>
internal sealed class RegisterBook(RegisterSettings settings) : IAsyncDisposable
{
    /// <summary>The most that a change may take.</summary>
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(20);

    private readonly RegisterStore _store = RegisterStore.Open(settings);

    public async Task<RegisterContent> ReadAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Most);
        return await _store.VersionAsync(limit.Token) is null ? RegisterContent.Empty : await _store.ReadAsync(limit.Token);
    }

    /// <summary>Makes a change; null when it is made, otherwise why not.</summary>
    /// <exception cref="System.Data.Common.DbException">The store cannot be reached or written.</exception>
    public async Task<string?> ChangeAsync(Func<RegisterContent, RegisterEdit> decide, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Most);
        return (await _store.ChangeAsync(decide, limit.Token)).Refusal;
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();
}
