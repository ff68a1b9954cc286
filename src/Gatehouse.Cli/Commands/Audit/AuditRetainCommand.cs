using System.CommandLine;
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

    public static Command Create(TimeProvider clock)
    {
        var trail = TrailOptions.File();
        var age = new Option<TimeSpan>("--older-than")
        {
            Description = "How old records are whose time is over, as in 400d; at least 1d.",
            HelpName = "TIME",
            Required = true,
            CustomParser = result =>
            {
                var written = result.Tokens[0].Value;
                if (Units.TryReadDuration(written, out var read) && read >= Least) return read;
                result.AddError($"'{Show.Bounded(written)}' is not a time such as 400d, at least 1d.");
                return default;
            },
        };
        var act = new ActOptions(mustSayWhy: true, mustSign: true);
        var command = new Command("retain", "Takes out the content of records whose time is over. Their hashes stay, so that the trail still verifies. It cannot be undone.") { trail, age };
        act.AddTo(command);
        command.SetAction(async (parsed, cancelled) =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (TrailPlace.Of(parsed.GetRequiredValue(trail), error) is not { } place) return ExitCode.Failed;
            if (!place.IsLive)
            {
                error.WriteLine("This is an export, which is not written to.");
                return ExitCode.Failed;
            }

            using var reader = place.OpenReader(error);
            if (reader is null) return ExitCode.Failed;
            using var chain = await act.OpenAsync(parsed, place, reader, clock, cancelled);
            if (chain is null) return ExitCode.Failed;
            try
            {
                var (taken, before) = (0L, clock.GetUtcNow() - parsed.GetValue(age));
                foreach (var of in reader.Chains())
                {
                    for (var some = 1L; some > 0; taken += some)
                        some = TrailRetention.Step(chain.Store, chain.Writer, of, before, clock, act.Act(parsed)).Taken;
                }

                chain.Store.Scrub();
                chain.SignAll();
                output.WriteLine(taken == 0 ? "There was nothing to take out." : $"Took the content of {taken} records out.");
                return ExitCode.Done;
            }
            catch (Exception e) when (TrailOptions.IsUnreadable(e))
            {
                error.WriteLine($"Not everything was taken out: {place.Why(e)}. What was is recorded; run it again.");
                return ExitCode.Failed;
            }
        });
        return command;
    }
}
