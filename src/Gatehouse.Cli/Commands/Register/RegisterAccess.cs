using System.CommandLine;
using System.Data.Common;
using System.Net.Sockets;
using Gatehouse.Audit;
using Gatehouse.Cli.Commands.Audit;
using Gatehouse.Configuration;
using Gatehouse.Declaration;
using Gatehouse.Hosting;
using Gatehouse.Register;
using Gatehouse.Runtime;

namespace Gatehouse.Cli.Commands.Register;

/// <summary>
/// The register of a declaration, for a command that reads or changes it. The declaration has to be one that can be served: it says which
/// consumers and routes there are, and where the register is.
/// </summary>
internal sealed class RegisterAccess : IAsyncDisposable
{
    private readonly RegisterSettings _settings;
    private readonly RegisterBook _book;
    private readonly TextWriter _error;

    private readonly GatewayOptions _gateway;

    private RegisterAccess(GatewayDefinition definition, RegisterSettings settings, GatewayOptions gateway, TextWriter error) =>
        (Definition, _settings, _book, _gateway, _error) = (definition, settings, new RegisterBook(settings), gateway, error);

    public GatewayDefinition Definition { get; }

    /// <summary>Null when there is no register to be had, which <paramref name="error"/> says.</summary>
    public static RegisterAccess? Open(GatewayOptions gateway, string file, string? environment, TextWriter error)
    {
        if (ServableDeclaration.Read(file, environment, gateway, "nothing is changed", error) is not { } definition) return null;
        if (definition.Register is { } settings) return new RegisterAccess(definition, settings, gateway, error);
        error.WriteLine($"{file} has no register. Declare one: register: {{ store: sqlite, kept: gatehouse.kept }}, or store: postgres for several instances.");
        return null;
    }

    /// <summary>What is there; null when it cannot be read, which has been said.</summary>
    public async Task<RegisterContent?> ReadAsync(CancellationToken cancelled)
    {
        RegisterContent? content = null;
        await AttemptAsync(async () =>
        {
            content = await _book.ReadAsync(cancelled);
            return null;
        });
        return content;
    }

    /// <summary>
    /// Makes a change; whether it was made. If not, it has been said why. Where the declaration has a trail, it is recorded there too, and not made
    /// when the trail cannot be written.
    /// </summary>
    public async Task<bool> ChangeAsync(Func<RegisterContent, RegisterEdit> decide, CancellationToken cancelled)
    {
        if (Definition.Trail is not { } declared) return await AttemptAsync(() => _book.ChangeAsync(decide, cancelled));
        var trail = new DeclaredTrail(Definition, declared);
        using var chain = await trail.OpenAsync(_gateway, _error, cancelled);
        if (chain is null) return false;
        RegisterChange? made = null;
        _book.Changed = change => made = change;
        if (!await AttemptAsync(() => _book.ChangeAsync(decide, cancelled))) return false;
        if (made is null || trail.Write(chain, RecordOf(made), _error)) return true;
        await _error.WriteLineAsync("The change was made, and stands in the register's own list of changes alone.");
        return false;
    }

    public ValueTask DisposeAsync() => _book.DisposeAsync();

    private static AuditRecord RecordOf(RegisterChange change) => new()
    {
        Kind = AuditKind.Administration,
        Time = change.At,
        Who = change.By,
        Reason = change.Reason,
        Details = [new("act", change.What), new("subject", change.Subject), new("before", change.Before), new("after", change.After)],
    };

    private async Task<bool> AttemptAsync(Func<Task<string?>> attempt)
    {
        try
        {
            if (await attempt() is not { } refusal) return true;
            await _error.WriteLineAsync(refusal);
        }
        catch (Exception e) when (e is DbException or IOException or UnauthorizedAccessException or SocketException or TimeoutException
            or OperationCanceledException or InvalidDataException)
        {
            // texts of stores name hosts, users and files
            var state = e is DbException { SqlState: { } code } ? $"{e.GetType().Name}, {code}" : e.GetType().Name;
            await _error.WriteLineAsync($"The register's store '{_settings.StoreName}' cannot be read or written ({state}); nothing was changed.");
        }

        return false;
    }

    /// <summary>The consumer of this name, or null; then it has been said that there is none.</summary>
    public Consumers.Consumer? FindConsumer(string name)
    {
        if (Definition.Consumers.Find(new Consumers.ConsumerId(name)) is { } consumer) return consumer;
        _error.WriteLine($"The declaration has no consumer '{Show.Bounded(name)}'. {Nearest.Hint(name, Definition.Consumers.All.Select(c => c.Id.Value))}".TrimEnd());
        return null;
    }
}
