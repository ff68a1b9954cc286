using System.CommandLine;
using Gatehouse.Audit;
using Gatehouse.Cli.Commands.Output;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>
/// <c>gatehouse audit search</c>: which records there are of a person, a consumer, a route, a time, a decision, or about somebody. Who looked is
/// recorded before anything is shown.
/// </summary>
internal static class AuditSearchCommand
{
    private const int UsualMost = 1_000;
    private const int Most = 100_000;

    public static Command Create(TimeProvider clock)
    {
        var trail = TrailOptions.File();
        var query = new QueryOptions(clock);
        var act = new TrailActOptions(mustSayWhy: false);
        var output = SharedOptions.Output([.. Listing.Forms]);
        var limit = new Option<int>("--limit")
        {
            Description = "How many records at most: the newest.",
            HelpName = "N",
            DefaultValueFactory = _ => UsualMost,
        };
        limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > Most) result.AddError($"'--limit' is from 1 to {Most}.");
        });
        var command = new Command("search", "Lists the records of the trail that are wanted, the oldest first. That it was done is recorded.") { trail, output, limit };
        query.AddTo(command);
        act.AddTo(command);
        command.SetAction(async (parsed, cancelled) =>
        {
            var error = parsed.InvocationConfiguration.Error;
            if (TrailPlace.Of(parsed.GetRequiredValue(trail), error) is not { } place) return ExitCode.Failed;
            if (query.Read(parsed) is not var (wanted, subjects)) return ExitCode.Failed;
            using var reader = place.OpenReader(error);
            if (reader is null) return ExitCode.Failed;
            if (await act.RecordReadingAsync(parsed, place, reader, "search", wanted, subjects.Entries, clock, cancelled) is not { } itself) return ExitCode.Failed;
            try
            {
                var found = AuditSearch.Newest(AuditSearch.Find(reader, wanted).Where(itself.IsNot), parsed.GetValue(limit), out var all);
                var form = parsed.GetRequiredValue(output);
                var columns = form == "table" ? RecordColumns.Short : RecordColumns.All;
                var rows = found.Select(f => new Listing.Row([.. columns.Select(c => c.Value(f, subjects, true))]));
                new Listing([.. columns.Select(c => c.Name)], [.. rows]).Write(form, parsed.InvocationConfiguration.Output);
                error.WriteLine(found.Count < all
                    ? $"The newest {found.Count} of {all} records; '--limit', or a narrower question, shows others."
                    : $"{all} records");
                return ExitCode.Done;
            }
            catch (Exception e) when (TrailOptions.IsUnreadable(e))
            {
                error.WriteLine($"The trail cannot be read on: {place.Why(e)}");
                return ExitCode.Failed;
            }
        });
        return command;
    }
}
