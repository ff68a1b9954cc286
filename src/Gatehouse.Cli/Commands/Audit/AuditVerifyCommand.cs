using System.CommandLine;
using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>
/// <c>gatehouse audit verify</c>: whether a trail holds, by the public key alone. It names the first record that is not what it was, and says what
/// cannot be known.
/// </summary>
internal static class AuditVerifyCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("TRAIL")
        {
            Description = TrailPlace.Description + " Several where it was begun anew.",
            Arity = ArgumentArity.OneOrMore,
        }.OfFiles();
        var keys = TrailOptions.Keys();
        var copies = new Option<string?>("--checkpoints")
        {
            Description = "The second place of the checkpoints: with it a trail that was cut is known to be.",
            HelpName = "FOLDER",
        }.OfFiles();
        var part = new Option<bool>("--part")
        {
            Description = "These are not all the trails that the second place knows: those of other instances are elsewhere, and are no fault.",
        };
        var command = new Command("verify", "Says whether a trail holds. Exits 1 when a record was edited, removed, inserted, reordered, duplicated or cut off.")
        {
            files, keys, copies, part,
        };
        command.SetAction(parsed =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (TrailOptions.Read(parsed.GetRequiredValue(keys), error) is not { } read) return ExitCode.Failed;
            if (!TryReadCopies(parsed.GetValue(copies), error, out var second)) return ExitCode.Failed;
            return Verify(parsed.GetRequiredValue(files), new TrailCheck(read, second), second is not null, parsed.GetValue(part), output, error);
        });
        return command;
    }

    private static int Verify(string[] files, TrailCheck check, bool hasCopies, bool isPart, TextWriter output, TextWriter error)
    {
        var holds = true;
        foreach (var file in files)
        {
            using var reader = TrailOptions.Open(file, error);
            if (reader is null) return ExitCode.Failed;
            try
            {
                var verdicts = check.Check(reader);
                if (verdicts.Count == 0) output.WriteLine($"{file}: there is no record.");
                foreach (var verdict in verdicts) Say(verdict, hasCopies, output);
                holds &= verdicts.All(v => v.Fault is null) && verdicts.Count > 0;
            }
            catch (Exception e) when (TrailOptions.IsUnreadable(e))
            {
                error.WriteLine($"{file} is damaged, and cannot be verified: {Show.Bounded(PostgresAuditStore.Told(e))}");
                return ExitCode.Failed;
            }
        }

        var others = check.Missing(ofSameInstances: false);
        IReadOnlyList<string> missing = isPart ? check.Missing(ofSameInstances: true) : [.. check.Missing(ofSameInstances: true), .. others];
        foreach (var origin in missing)
            output.WriteLine($"{Show.Bounded(origin)}: IS MISSING: the second place has checkpoints of this chain, and it is not in what was looked at.");
        foreach (var origin in others.Except(missing))
            output.WriteLine($"{Show.Bounded(origin)}: the second place has checkpoints of this chain too; it is not in what was looked at.");
        if (!isPart && others.Count > 0) output.WriteLine("Where other instances have trails of their own, name those too, or say --part.");
        return holds && missing.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static void Say(ChainVerdict verdict, bool hasCopies, TextWriter output)
    {
        var name = $"{Show.Bounded(verdict.Chain.Instance)} ({Show.Bounded(verdict.Chain.Origin)})";
        if (verdict.Fault is { } fault)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: DOES NOT HOLD at record {fault.Sequence}: {fault.What}."));
            var good = Math.Min(verdict.Signed, fault.Sequence - 1);
            output.WriteLine(good == 0 ? "  Of no record it is known that it was signed as it is."
                : string.Create(CultureInfo.InvariantCulture, $"  Records 1 to {good} are those that were signed."));
            return;
        }

        if (verdict.Last == 0)
        {
            output.WriteLine($"{name}: there is no record.");
            return;
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: holds, records 1 to {verdict.Last}. Signed up to {verdict.Signed} at {verdict.SignedAt:yyyy-MM-dd'T'HH:mm:ss'Z'}; {verdict.Checkpoints} checkpoints hold."));
        foreach (var more in About(verdict)) output.WriteLine("  " + more);
        output.WriteLine("  " + Unknowable(verdict, hasCopies && !verdict.IsNotCopied));
    }

    private static IEnumerable<string> About(ChainVerdict verdict)
    {
        if (verdict.Follows is { } before) yield return $"It follows on {Show.Bounded(before)}.";
        if (verdict.Withdrawn > 0) yield return $"The content of {verdict.Withdrawn} records was taken out because their time was over; their hashes hold.";
        if (verdict.Erased > 0) yield return $"{verdict.Erased} personal values were erased; {verdict.Personal} are there and are those of their records.";
        if (verdict.Repairs > 0) yield return $"{verdict.Repairs} runs did not stop in good order.";
        if (verdict.Gaps > 0) yield return $"{verdict.Gaps} records say that others are missing: see 'gatehouse audit show'.";
        if (verdict.Open > 0) yield return $"{verdict.Open} exchanges have no outcome.";
        if (verdict.IsNotCopied)
            yield return "The second place has no checkpoint of this chain: commands copy theirs only with '--checkpoints'.";
        if (verdict.Last > verdict.Signed)
            yield return $"Records {verdict.Signed + 1} to {verdict.Last} follow on one another and have no checkpoint: who can write the file could have made them.";
    }

    private static string Unknowable(ChainVerdict verdict, bool hasCopies) => hasCopies
        ? $"Whether there were records after {verdict.Last} that were never signed cannot be known."
        : $"Whether there were records after {verdict.Last} cannot be known from this file alone: compare it with the checkpoints in the second place.";

    private static bool TryReadCopies(string? place, TextWriter error, out IReadOnlyList<SignedCheckpoint>? copies)
    {
        copies = null;
        if (place is null) return true;
        try
        {
            copies = [.. CheckpointCopies.Read(place)];
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{place} cannot be read: {Show.Bounded(e.Message)}");
            return false;
        }
    }
}
