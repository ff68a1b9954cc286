using Gatehouse.Telemetry;

namespace Gatehouse.Audit;

/// <summary>
/// The chain in which acts of the command line are recorded: one for each machine, <c>cli-HOST</c>, beside those of gateways and by the same rules. A
/// running gateway has the right to write to its own chain alone, so that a command never writes there.
/// </summary>
internal sealed class CommandChain : IDisposable
{
    private const string Prefix = "cli-";
    private const int LongestInstance = 64;

    /// <summary>How often a command that another holds up asks anew, and how often at most: they take moments.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);
    private const int MostAsked = 100;

    private readonly AuditTrailOptions _options;
    private readonly EventWriter _events;
    private CheckpointCopies? _copies;

    private CommandChain(AuditStore store, ChainWriter writer, AuditTrailOptions options, EventWriter events) =>
        (Store, Writer, _options, _events) = (store, writer, options, events);

    public AuditStore Store { get; }

    public ChainWriter Writer { get; }

    /// <summary>The instance that stands for this machine's command line.</summary>
    public static string InstanceOf(string host)
    {
        var name = string.Concat(host.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-'));
        return Prefix + (name.Length == 0 ? "unknown" : name[..Math.Min(name.Length, LongestInstance - Prefix.Length)]);
    }

    /// <summary>Whether it is the instance of a command line: its records may have no signature, where the key was not at hand.</summary>
    public static bool IsOne(string instance) => instance.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Opens the chain, and makes it where there is none. Another command is waited for.</summary>
    /// <exception cref="AuditStoreTakenException">Another command holds it for too long.</exception>
    public static async Task<CommandChain> OpenAsync(
        AuditStore store, AuditTrailOptions options, EventWriter events, TimeProvider clock, CancellationToken cancel)
    {
        using var again = new PeriodicTimer(AskAgain, clock);
        for (var asked = 1; ; asked++)
        {
            try
            {
                var opened = ChainOpening.Open(store, options);
                var writer = new ChainWriter(store, opened.State, options, clock);
                _ = new ChainBeginning(store, writer, options, clock).Write(opened, isStart: false, events);
                return new CommandChain(store, writer, options, events);
            }
            catch (AuditStoreTakenException) when (asked < MostAsked)
            {
                store.Close();
            }
            catch (Exception)
            {
                store.Close();
                throw;
            }

            await again.WaitForNextTickAsync(cancel);
        }
    }

    /// <summary>Writes one record. When this returns it is durable, and signed where the key is at hand.</summary>
    public void Write(AuditRecord record) => Write([record]);

    /// <summary>Writes several, all or none.</summary>
    public void Write(IEnumerable<AuditRecord> records)
    {
        Store.Begin();
        foreach (var record in records) Writer.Append(record);
        var note = Writer.SignIfDue(now: true);
        Store.Commit();
        Copy(note);
    }

    /// <summary>Signs what is not signed yet, and copies that to the second place where there is one.</summary>
    public void SignAll()
    {
        if (Writer.IsSigned) return;
        Store.Begin();
        var note = Writer.SignIfDue(now: true);
        Store.Commit();
        Copy(note);
    }

    /// <summary>Copies a note to the second place, where there is one: once it is durable, for what it says has to be there.</summary>
    public void Copy(string? note)
    {
        if (note is null || _options.Copies is not { } folder) return;
        _copies ??= new CheckpointCopies(folder, Writer.State.Chain.Origin, _events);
        _copies.Add(note);
    }

    public void Dispose()
    {
        Store.Close();
        _copies?.Dispose();
    }
}
