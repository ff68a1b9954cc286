using System.CommandLine;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Telemetry;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>
/// What a command that reads or changes a trail says of itself: who, why, and with which key its own records are signed. They stand in a chain of
/// this machine's command line, beside those of gateways.
/// </summary>
internal sealed class TrailActOptions
{
    private const int MostScrubs = 60;

    private readonly bool _mustSayWhy;
    private readonly Option<string> _by = ActOptions.By();
    private readonly Option<string> _reason;

    private readonly Option<string?> _key = new("--signing-key")
    {
        Description = "Where the private key is that signs checkpoints, file:PATH or env:NAME: with it, that this was done can be proved.",
        HelpName = "REFERENCE",
    };

    private readonly Option<string?> _copies = new Option<string?>("--checkpoints")
    {
        Description = "The second place of the checkpoints.",
        HelpName = "FOLDER",
    }.OfFiles();

    private readonly Option<string[]> _former = new Option<string[]>("--former-key")
    {
        Description = "The public key, in PEM, that checkpoints were signed with before it was replaced; more than once where it was so several times.",
        HelpName = "FILE",
        AllowMultipleArgumentsPerToken = false,
    }.OfFiles();

    /// <param name="mustSayWhy">Whether it changes something, so that a reason is needed.</param>
    /// <param name="mustSign">Whether what it records counts only when it is signed.</param>
    public TrailActOptions(bool mustSayWhy, bool mustSign = false)
    {
        _mustSayWhy = mustSayWhy;
        _reason = ActOptions.Reason(mustSayWhy ? null : "");
        _key.Required = mustSign;
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_by);
        command.Options.Add(_reason);
        command.Options.Add(_key);
        command.Options.Add(_former);
        command.Options.Add(_copies);
    }

    /// <summary>Who does it and why.</summary>
    public TrailAct Act(ParseResult parsed) =>
        new(parsed.GetRequiredValue(_by).Trim(), parsed.GetRequiredValue(_reason).Trim() is { Length: > 0 } reason ? reason : null);

    /// <summary>
    /// Opens the chain of the command line, so that what is done can be recorded; null where that cannot be, and then nothing is to be done: it has
    /// been said why.
    /// </summary>
    public async Task<CommandChain?> OpenAsync(ParseResult parsed, TrailPlace place, AuditReader reader, TimeProvider clock, CancellationToken cancel)
    {
        var error = parsed.InvocationConfiguration.Error;
        CheckpointKey? key = null;
        if (parsed.GetValue(_key) is { } reference)
        {
            if (CommandSecret.Read(reference, "signing key", 1, error) is not { } secret) return null;
            key = CheckpointKey.Read(secret, out var fault);
            if (key is null)
            {
                error.WriteLine($"The signing key cannot be used: {fault}.");
                return null;
            }
        }

        if (TrailOptions.Read(parsed.GetValue(_former) ?? [], error) is not { } former) return null;
        if (TrailOptions.Chains(place, reader, error) is not { } chains) return null;
        var gateway = chains is [var first, ..] ? first.Origin.Split('/')[0] : "gatehouse";
        return await place.OpenChainAsync(
            gateway,
            key,
            former,
            parsed.GetValue(_copies),
            _mustSayWhy ? "What is done" : "What is read",
            _mustSayWhy ? "" : " Who may read and not write reads an export: 'gatehouse audit export'.",
            error,
            clock,
            cancel);
    }

    /// <summary>Does something to a trail that is recorded in it, and says how that went.</summary>
    /// <param name="isExport">What is said where it is an export.</param>
    /// <param name="notAll">What is said, before why, where it could not be done to its end.</param>
    /// <param name="act">Does it, and says what was done.</param>
    public async Task<int> ChangeAsync(
        ParseResult parsed,
        TrailPlace place,
        string isExport,
        string notAll,
        TimeProvider clock,
        Func<AuditReader, CommandChain, TrailAct, TrailChange> act,
        CancellationToken cancel)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        if (!place.IsLive)
        {
            await error.WriteLineAsync(isExport);
            return ExitCode.Failed;
        }

        using var reader = place.OpenReader(error);
        if (reader is null) return ExitCode.Failed;
        using var chain = await OpenAsync(parsed, place, reader, clock, cancel);
        if (chain is null) return ExitCode.Failed;
        try
        {
            var done = act(reader, chain, Act(parsed));
            chain.SignAll();
            await output.WriteLineAsync(done.Done);
            if (done.Left is { } left) await error.WriteLineAsync(left);
            if (await ScrubAsync(chain.Store, cancel)) return done.Left is null ? ExitCode.Done : ExitCode.Failed;
            await error.WriteLineAsync($"The journal of {place.Name} may still have what was there before, because others read or write it all the time; run it again.");
            return ExitCode.Failed;
        }
        catch (Exception e) when (TrailOptions.IsUnreadable(e))
        {
            await error.WriteLineAsync($"{notAll}: {place.Why(e)}. What was is recorded; run it again.");
            return ExitCode.Failed;
        }
    }

    /// <summary>A gateway that writes leaves a moment for it soon; one that reads for long does not.</summary>
    private static async Task<bool> ScrubAsync(AuditStore store, CancellationToken cancel)
    {
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var tries = 1; !store.Scrub(); tries++)
        {
            if (tries == MostScrubs) return false;
            await again.WaitForNextTickAsync(cancel);
        }

        return true;
    }

    /// <summary>Records a reading before anything is shown; of an export nothing is recorded, for nobody can count its readers.</summary>
    /// <param name="more">What else is to be said of it.</param>
    /// <returns>Which records say so; null where nothing may be shown, and then it has been said why.</returns>
    public async Task<ReadingRecord?> RecordReadingAsync(
        ParseResult parsed,
        TrailPlace place,
        AuditReader reader,
        string command,
        AuditQuery query,
        IReadOnlyList<AboutEntry> about,
        TimeProvider clock,
        CancellationToken cancel,
        params IReadOnlyList<AuditDetail> more)
    {
        if (!place.IsLive) return ReadingRecord.None;
        using var chain = await OpenAsync(parsed, place, reader, clock, cancel);
        if (chain is null) return null;
        var act = Act(parsed);
        List<AuditDetail> details = [new("command", command), new("system-user", ActOptions.User), .. more, .. QueryWords.Of(query)];
        var persons = query.Persons.ToList();
        var first = chain.Writer.State.Last + 1;
        // a record has room for one person, and for so many subjects
        var count = Math.Max(Math.Max(1, persons.Count), (about.Count + RecordWriter.MostAbout - 1) / RecordWriter.MostAbout);
        try
        {
            chain.Write(Enumerable.Range(0, count).Select(i => new AuditRecord
            {
                Kind = AuditKind.Reading,
                Time = clock.GetUtcNow(),
                Who = act.Who,
                Reason = act.Reason,
                Person = persons.ElementAtOrDefault(i),
                About = [.. about.Skip(i * RecordWriter.MostAbout).Take(RecordWriter.MostAbout)],
                Details = details,
            }));
            return new ReadingRecord(chain.Writer.State.Chain.Origin, first, chain.Writer.State.Last);
        }
        catch (Exception e) when (TrailOptions.IsUnreadable(e))
        {
            parsed.InvocationConfiguration.Error.WriteLine($"That the trail is read could not be recorded ({place.Why(e)}), so nothing was read.");
            return null;
        }
    }
}

/// <summary>The records that say that a trail was read: more than one where it was asked for more people than one has room for.</summary>
internal sealed record ReadingRecord(string Origin, long First, long Last)
{
    /// <summary>There is none.</summary>
    public static readonly ReadingRecord None = new("", 0, 0);

    /// <summary>Whether it is another record than these: nobody asks for what he does himself.</summary>
    public bool IsNot(FoundRecord found) => IsNot(found.Chain, found.Record.Sequence);

    /// <inheritdoc cref="IsNot(FoundRecord)"/>
    public bool IsNot(AuditChain chain, long sequence) => sequence < First || sequence > Last || chain.Origin != Origin;
}
