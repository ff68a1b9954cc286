using System.CommandLine;
using Gatehouse.Audit;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary><c>gatehouse audit tail</c>: the newest records of each chain, and with <c>--follow</c> those that come.</summary>
internal static class AuditTailCommand
{
    private const int MostLines = 10_000;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(500);

    public static Command Create(TimeProvider clock)
    {
        var file = TrailOptions.File();
        var lines = new Option<int>("--lines") { Description = "How many records of each chain.", HelpName = "N", DefaultValueFactory = _ => 20 };
        lines.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > MostLines) result.AddError($"'--lines' is from 1 to {MostLines}.");
        });
        var follow = new Option<bool>("--follow") { Description = "Go on with what is written from now on, until it is stopped." };
        var output = SharedOptions.Output("lines", "json");
        var personal = TrailOptions.Personal();
        var act = new TrailActOptions(mustSayWhy: false);
        var command = new Command("tail", "Prints the newest records of the trail, one on a line.") { file, lines, follow, output, personal };
        act.AddTo(command);
        command.SetAction(async (parsed, cancelled) =>
        {
            var (to, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (TrailPlace.Of(parsed.GetRequiredValue(file), error) is not { } place) return ExitCode.Failed;
            using var reader = place.OpenReader(error);
            if (reader is null) return ExitCode.Failed;
            if (await act.RecordReadingAsync(parsed, place, reader, "tail", new AuditQuery(), [], clock, cancelled) is not { } itself) return ExitCode.Failed;
            var isJson = parsed.GetRequiredValue(output) == "json";
            var withPersonal = parsed.GetValue(personal);
            var tail = new Tail(reader, parsed.GetValue(lines), itself, r => to.WriteLine(
                isJson ? RecordView.ToJson(r, withPersonal)?.ToJsonString() : RecordView.Line(r, withPersonal)));
            try
            {
                tail.Print();
                if (parsed.GetValue(follow)) await FollowAsync(tail, to, cancelled);
                return ExitCode.Done;
            }
            catch (Exception e) when (TrailOptions.IsUnreadable(e))
            {
                error.WriteLine($"The trail cannot be read on: {Show.Bounded(PostgresAuditStore.Told(e))}");
                return ExitCode.Failed;
            }
        });
        return command;
    }

    private static async Task FollowAsync(Tail tail, TextWriter to, CancellationToken cancelled)
    {
        using var between = new PeriodicTimer(Between);
        try
        {
            while (await between.WaitForNextTickAsync(cancelled))
            {
                tail.Print();
                await to.FlushAsync(cancelled);
            }
        }
        catch (OperationCanceledException)
        {
            // whoever looked has seen enough
        }
    }

    /// <summary>How far the chains have been printed.</summary>
    private sealed class Tail(AuditReader reader, int lines, ReadingRecord itself, Action<StoredRecord> print)
    {
        private readonly Dictionary<string, long> _printed = new(StringComparer.Ordinal);

        public void Print()
        {
            foreach (var chain in reader.Chains())
            {
                if (!_printed.TryGetValue(chain.Origin, out var last)) last = Math.Max(0, reader.Last(chain) - lines);
                foreach (var stored in reader.Records(chain, last + 1))
                {
                    if (itself.IsNot(chain, stored.Sequence)) print(stored);
                    last = stored.Sequence;
                }

                _printed[chain.Origin] = last;
            }
        }
    }
}
