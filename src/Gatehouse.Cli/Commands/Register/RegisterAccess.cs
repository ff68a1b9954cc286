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
using Microsoft.Data.Sqlite;

namespace Gatehouse.Cli.Commands.Register;

/// <summary>
/// The register of a declaration, for a command that reads or changes it. The declaration has to be one that can be served: it says which
/// consumers and routes there are, and where the register is.
/// </summary>
internal sealed class RegisterAccess : IAsyncDisposable
{
    private const int DiskFails = 10; // SQLITE_IOERR

    private readonly RegisterSettings _settings;
    private readonly RegisterBook _book;
    private readonly TextWriter _error;

    private readonly GatewayOptions _gateway;

    private RegisterAccess(GatewayDefinition definition, RegisterSettings settings, GatewayOptions gateway, TextWriter error) =>
        (Definition, _settings, _book, _gateway, _error) = (definition, settings, new RegisterBook(settings), gateway, error);

    public GatewayDefinition Definition { get; }

    /// <summary>Whose register it is: a gateway of another name or environment knows nothing of it.</summary>
    public string Gateway => $"{Definition.Name}/{Definition.Environment}";

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
        try
        {
            return await _book.ReadAsync(cancelled);
        }
        catch (Exception e) when (IsOfStore(e))
        {
            await SayAsync(e, "");
            return null;
        }
    }

    /// <summary>
    /// Makes a change; whether it was made. If not, or if nobody knows, it has been said why. Where the declaration has a trail, it says before that
    /// the change is to be made, durably, and after what became of it; where the former cannot be written, nothing is changed.
    /// </summary>
    public async Task<bool> ChangeAsync(Func<RegisterContent, RegisterEdit> decide, CancellationToken cancelled)
    {
        if (Definition.Trail is not { } declared) return await MakeAsync(decide, cancelled) == AuditOutcome.Done;
        var trail = new DeclaredTrail(Definition, declared);
        using var chain = await trail.OpenAsync(_gateway, _error, cancelled);
        if (chain is null) return false;
        RegisterChange? begun = null;
        AuditOutcome outcome;
        try
        {
            outcome = await MakeAsync(Begin, cancelled);
        }
        catch (NotRecordedException)
        {
            return false;
        }

        if (begun is null || trail.Write(chain, RecordOf(begun, outcome), _error)) return outcome == AuditOutcome.Done;
        await _error.WriteLineAsync("The trail says that it was to be done, and not what became of it.");
        return false;

        RegisterEdit Begin(RegisterContent content)
        {
            var edit = decide(content);
            if (edit.Change is not { } change) return edit;
            if (!trail.Write(chain, RecordOf(change, AuditOutcome.None), _error)) throw new NotRecordedException();
            begun = change;
            return edit;
        }
    }

    public ValueTask DisposeAsync() => _book.DisposeAsync();

    private AuditRecord RecordOf(RegisterChange change, AuditOutcome outcome) => new()
    {
        Kind = AuditKind.Administration,
        Time = outcome == AuditOutcome.None ? change.At : _gateway.Clock.GetUtcNow(),
        Outcome = outcome,
        Who = change.By,
        Reason = change.Reason,
        Details = [new("act", change.What), new("subject", change.Subject), new("before", change.Before), new("after", change.After)],
    };

    /// <summary>What became of it: done, refused, failed, or not known, where the store was lost while the change was being made.</summary>
    private async Task<AuditOutcome> MakeAsync(Func<RegisterContent, RegisterEdit> decide, CancellationToken cancelled)
    {
        var isDecided = false;
        try
        {
            var refusal = await _book.ChangeAsync(
                content =>
                {
                    var edit = decide(content);
                    isDecided = edit.Refusal is null;
                    return edit;
                },
                cancelled);
            if (refusal is null) return AuditOutcome.Done;
            await _error.WriteLineAsync(refusal);
            return AuditOutcome.Refused;
        }
        catch (Exception e) when (IsOfStore(e))
        {
            var isKnown = !isDecided || HasUndoneAll(e);
            await SayAsync(e, isKnown ? "; nothing was changed" : "; whether it was changed is not known: look before it is done again");
            return isKnown ? AuditOutcome.FailedBefore : AuditOutcome.Unknown;
        }
    }

    /// <summary>
    /// Whether the store itself has refused, and so undone all of it: a server that is told to go (class 57) may have committed, and so may a disk
    /// that fails.
    /// </summary>
    private static bool HasUndoneAll(Exception e) =>
        e is SqliteException { SqliteErrorCode: not DiskFails }
        || (e is DbException { SqlState: { } state } && !state.StartsWith("57", StringComparison.Ordinal));

    private static bool IsOfStore(Exception e) =>
        e is DbException or IOException or UnauthorizedAccessException or SocketException or TimeoutException or OperationCanceledException
            or InvalidDataException;

    /// <summary>Texts of stores name hosts, users and files, and are not repeated.</summary>
    private Task SayAsync(Exception e, string then)
    {
        var state = e is DbException { SqlState: { } code } ? $"{e.GetType().Name}, {code}" : e.GetType().Name;
        return _error.WriteLineAsync($"The register's store '{_settings.StoreName}' cannot be read or written ({state}){then}.");
    }

    /// <summary>The consumer of this name, or null; then it has been said that there is none.</summary>
    public Consumers.Consumer? FindConsumer(string name)
    {
        if (Definition.Consumers.Find(new Consumers.ConsumerId(name)) is { } consumer) return consumer;
        _error.WriteLine($"The declaration has no consumer '{Show.Bounded(name)}'. {Nearest.Hint(name, Definition.Consumers.All.Select(c => c.Id.Value))}".TrimEnd());
        return null;
    }

    /// <summary>The trail could not be written, which has been said.</summary>
    private sealed class NotRecordedException : Exception;
}
