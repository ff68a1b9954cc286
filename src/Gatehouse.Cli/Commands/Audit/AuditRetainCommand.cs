using System.CommandLine;
using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>
/// <c>gatehouse audit retain</c>: takes the content of records out whose time is over, of every chain of a trail, also of instances that do not run
/// any more. It is recorded, and the trail still verifies.
/// </summary>
internal static class AuditRetainCommand
{
    private static readonly TimeSpan Least = TimeSpan.FromDays(1);
    private static readonly TimeSpan Most = TimeSpan.FromDays(36_500); // so that there was a day that long ago

    public static Command Create(TimeProvider clock)
    {
        var trail = TrailOptions.File();
        var age = new Option<TimeSpan>("--older-than")
        {
            Description = "How old records are whose time is over, as in 400d; from 1d to 36500d.",
            HelpName = "TIME",
            Required = true,
            CustomParser = result =>
            {
                var written = result.Tokens[0].Value;
                if (Units.TryReadDuration(written, out var read) && read >= Least && read <= Most) return read;
                result.AddError($"'{Show.Bounded(written)}' is not a time such as 400d, from 1d to 36500d.");
                return default;
            },
        };
        var act = new TrailActOptions(mustSayWhy: true, mustSign: true);
        var command = new Command("retain", "Takes out the content of records whose time is over. Their hashes stay, so that the trail still verifies. It cannot be undone.") { trail, age };
        act.AddTo(command);
        command.SetAction(async (parsed, cancelled) =>
        {
            if (TrailPlace.Of(parsed.GetRequiredValue(trail), parsed.InvocationConfiguration.Error) is not { } place) return ExitCode.Failed;
            var before = clock.GetUtcNow() - parsed.GetValue(age);
            return await act.ChangeAsync(
                parsed,
                place,
                "This is an export, which is not written to.",
                "Not everything was taken out",
                clock,
                (reader, chain, by) => TakeOut(reader, chain, before, by, clock),
                cancelled);
        });
        return command;
    }

    private static TrailChange TakeOut(AuditReader reader, CommandChain chain, DateTimeOffset before, TrailAct by, TimeProvider clock)
    {
        var taken = 0L;
        List<string> doubtful = [];
        foreach (var of in reader.Chains())
        {
            var (from, isOver) = (1L, false);
            while (!isOver)
            {
                (var some, var note, isOver, var at) = TrailRetention.Step(chain.Store, chain.Writer, of, before, ref from, clock, by);
                chain.Copy(note);
                taken += some;
                if (at > 0) doubtful.Add(string.Create(CultureInfo.InvariantCulture, $"{at} of {Show.Bounded(of.Origin)}"));
            }
        }

        return new(
            taken > 0 ? $"Took the content of {taken} records out." : "There was nothing to take out.",
            doubtful.Count == 0 ? null
                : $"Record {string.Join(" and record ", doubtful)} was edited, or is not as old as the time beside it says: from there on nothing was taken out. "
                    + "See 'gatehouse audit verify'.");
    }
}
