using System.CommandLine;
using Gatehouse.Audit;
using Gatehouse.Configuration;

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
        var act = new TrailActOptions(mustSayWhy: true, mustSign: true);
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
            var error = parsed.InvocationConfiguration.Error;
            if (TrailPlace.Of(parsed.GetRequiredValue(trail), error) is not { } place) return ExitCode.Failed;
            if (subjects.Read(parsed) is not { } named) return ExitCode.Failed;
            var whose = new AuditQuery { Persons = named.Persons, About = named.About };
            return await act.ChangeAsync(
                parsed,
                place,
                "This is an export, which is not written to; erase in the trail, and export anew.",
                "Not everything was erased",
                clock,
                (reader, chain, by) => Said(TrailErasure.Run(reader, chain, whose, by, clock)),
                cancelled);
        });
        return command;
    }

    private static TrailChange Said(ErasedRecords erased) => new(
        erased.Count > 0 ? $"Erased in {erased.Count} records. Exports and backups that were made before still have it." : "There was nothing to erase.",
        erased.Edited > 0
            ? $"What is personal beside {erased.Edited} records was edited, so that nobody can tell whose it is, and is left as it is; "
                + $"the first is {Show.Bounded(erased.FirstEdited)}. See 'gatehouse audit verify'."
            : null);
}
