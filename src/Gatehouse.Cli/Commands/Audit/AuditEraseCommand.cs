using System.CommandLine;
using Gatehouse.Audit;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>
/// <c>gatehouse audit erase</c>: takes what is personal about somebody out of the trail. The records and their digests stay, so that it still
/// verifies; who did it and why is recorded, and not about whom.
/// </summary>
internal static class AuditEraseCommand
{
    public static Command Create(TimeProvider clock)
    {
        var trail = TrailOptions.File();
        var subjects = new SubjectOptions();
        var act = new ActOptions(mustSayWhy: true);
        var command = new Command(
            "erase",
            "Takes personal values out of the trail: for whom calls were made and from where, or about whom they were. The trail still verifies. It cannot be undone.")
        {
            trail,
        };
        subjects.AddTo(command);
        act.AddTo(command);
        command.Validators.Add(result =>
        {
            if (!subjects.IsGiven(result)) result.AddError("'--person' or '--about' is needed: whose values are to be erased.");
        });
        command.SetAction(async (parsed, cancelled) =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (TrailPlace.Of(parsed.GetRequiredValue(trail), error) is not { } place) return ExitCode.Failed;
            if (subjects.Read(parsed) is not { } named) return ExitCode.Failed;
            if (!place.IsLive)
            {
                error.WriteLine("This is an export, which is not written to; erase in the trail, and export anew.");
                return ExitCode.Failed;
            }

            using var reader = place.OpenReader(error);
            if (reader is null) return ExitCode.Failed;
            using var chain = await act.OpenAsync(parsed, place, reader, clock, cancelled);
            if (chain is null) return ExitCode.Failed;
            try
            {
                var erased = TrailErasure.Run(
                    reader, chain.Store, chain.Writer, new AuditQuery { Persons = named.Persons, About = named.About }, act.Act(parsed), clock);
                chain.SignAll();
                output.WriteLine(erased == 0 ? "There was nothing to erase." : $"Erased in {erased} records. Exports and backups that were made before still have it.");
                return ExitCode.Done;
            }
            catch (Exception e) when (TrailOptions.IsUnreadable(e))
            {
                error.WriteLine($"Not everything was erased: {place.Why(e)}. What was is recorded; run it again.");
                return ExitCode.Failed;
            }
        });
        return command;
    }
}
