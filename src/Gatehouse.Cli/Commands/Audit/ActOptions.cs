using System.CommandLine;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Telemetry;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>
/// What a command that reads or changes a trail says of itself: who, why, and with which key its own records are signed. They stand in a chain of
/// this machine's command line, beside those of gateways.
/// </summary>
internal sealed class ActOptions
{
    private const int MostReason = 500;
    private readonly bool _mustSayWhy;
    private readonly Option<string?> _by = new("--by") { Description = "Who does this; the user of this system unless written.", HelpName = "NAME" };
    private readonly Option<string?> _reason = new("--reason") { Description = "Why; it is recorded.", HelpName = "TEXT" };

    private readonly Option<string?> _key = new("--signing-key")
    {
        Description = "Where the private key is that signs checkpoints, file:PATH or env:NAME: with it, that this was done can be proved.",
        HelpName = "REFERENCE",
    };

    private readonly Option<string?> _copies = new("--checkpoints") { Description = "The second place of the checkpoints.", HelpName = "FOLDER" };

    /// <param name="mustSayWhy">Whether it changes something, so that a reason is needed.</param>
    /// <param name="mustSign">Whether what it records counts only when it is signed.</param>
    public ActOptions(bool mustSayWhy, bool mustSign = false)
    {
        _mustSayWhy = _reason.Required = mustSayWhy;
        _key.Required = mustSign;
        _reason.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { Length: 0 or > MostReason })
                result.AddError($"'--reason' has from 1 to {MostReason} characters.");
        });
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_by);
        command.Options.Add(_reason);
        command.Options.Add(_key);
        command.Options.Add(_copies);
    }

    /// <summary>Who does it and why.</summary>
    public TrailAct Act(ParseResult parsed) => new(parsed.GetValue(_by) ?? User, parsed.GetValue(_reason));

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

        var gateway = reader.Chains() is [var first, ..] ? first.Origin.Split('/')[0] : "gatehouse";
        var options = new AuditTrailOptions
        {
            Gateway = gateway,
            Instance = CommandChain.InstanceOf(Environment.MachineName),
            Key = key,
            Copies = parsed.GetValue(_copies),
        };
        try
        {
            return await CommandChain.OpenAsync(place.OpenStore(), options, new EventWriter(error, clock), clock, cancel);
        }
        catch (Exception e) when (TrailOptions.IsUnreadable(e))
        {
            error.WriteLine($"What {(_mustSayWhy ? "is done to" : "is read of")} the trail is recorded in it, and {place.Name} cannot be written ({place.Why(e)}), so nothing was done.");
            if (!_mustSayWhy) error.WriteLine("Who may read and not write reads an export: 'gatehouse audit export'.");
            return null;
        }
    }

    /// <summary>Records a reading before anything is shown; of an export nothing is recorded, for nobody can count its readers.</summary>
    /// <returns>Which record says so; null where nothing may be shown, and then it has been said why.</returns>
    public async Task<ReadingRecord?> RecordReadingAsync(
        ParseResult parsed,
        TrailPlace place,
        AuditReader reader,
        string command,
        AuditQuery query,
        IReadOnlyList<AboutEntry> about,
        TimeProvider clock,
        CancellationToken cancel)
    {
        if (!place.IsLive) return ReadingRecord.None;
        using var chain = await OpenAsync(parsed, place, reader, clock, cancel);
        if (chain is null) return null;
        var act = Act(parsed);
        var details = new List<AuditDetail> { new("command", command), new("system-user", User) };
        details.AddRange(QueryWords.Of(query));
        try
        {
            chain.Write(new AuditRecord
            {
                Kind = AuditKind.Reading,
                Time = clock.GetUtcNow(),
                Who = act.Who,
                Reason = act.Reason,
                Person = query.Persons.FirstOrDefault(),
                About = about,
                Details = details,
            });
            return new ReadingRecord(chain.Writer.State.Chain.Origin, chain.Writer.State.Last);
        }
        catch (Exception e) when (TrailOptions.IsUnreadable(e))
        {
            parsed.InvocationConfiguration.Error.WriteLine($"That the trail is read could not be recorded ({place.Why(e)}), so nothing was read.");
            return null;
        }
    }

    private static string User => Environment.UserName is { Length: > 0 } name ? name : "unknown";
}

/// <summary>The record that says that a trail was read.</summary>
internal sealed record ReadingRecord(string Origin, long Sequence)
{
    /// <summary>There is none.</summary>
    public static readonly ReadingRecord None = new("", 0);

    /// <summary>Whether it is another record than this one: nobody asks for what he does himself.</summary>
    public bool IsNot(FoundRecord found) => IsNot(found.Chain, found.Record.Sequence);

    /// <inheritdoc cref="IsNot(FoundRecord)"/>
    public bool IsNot(AuditChain chain, long sequence) => sequence != Sequence || chain.Origin != Origin;
}
