using System.CommandLine;
using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Cli.Commands.Output;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary><c>gatehouse audit show</c>: one record, or all that belong to one request.</summary>
internal static class AuditShowCommand
{
    public static Command Create(TimeProvider clock)
    {
        var file = TrailOptions.File();
        var sequence = new Option<long?>("--sequence") { Description = "The number of the record.", HelpName = "N" };
        var request = new Option<string?>("--request") { Description = "The id of a request: all records about it.", HelpName = "ID" };
        var chain = TrailOptions.Chain();
        var personal = TrailOptions.Personal();
        var act = new TrailActOptions(mustSayWhy: false);
        var command = new Command("show", "Shows a record of the trail, or all about one request. Exits 1 where there is none.") { file, sequence, request, chain, personal };
        act.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(sequence) is null == result.GetResult(request) is null)
                result.AddError("Either '--sequence' or '--request' is needed.");
        });
        command.SetAction(async (parsed, cancelled) =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (TrailPlace.Of(parsed.GetRequiredValue(file), error) is not { } place) return ExitCode.Failed;
            using var reader = place.OpenReader(error);
            if (reader is null) return ExitCode.Failed;
            var asked = new AuditQuery { RequestId = parsed.GetValue(request) };
            var wanted = parsed.GetValue(sequence) ?? 0;
            var chosen = asked.RequestId is null ? TrailOptions.Choose(place, reader, parsed.GetValue(chain), error) : null;
            if (asked.RequestId is null && chosen is null) return ExitCode.Failed;
            AuditDetail[] which = chosen is null ? []
                : [new("sequence", wanted.ToString(CultureInfo.InvariantCulture)), new(AuditDetail.Chain, chosen.Origin)];
            if (await act.RecordReadingAsync(parsed, place, reader, "show", asked, [], clock, cancelled, which) is null) return ExitCode.Failed;
            try
            {
                var found = asked.RequestId is { } id ? About(reader, id) : Numbered(reader, chosen!, wanted);
                return Show(found, parsed.GetValue(personal), output, error);
            }
            catch (Exception e) when (TrailOptions.IsUnreadable(e))
            {
                error.WriteLine($"The trail is damaged: {Configuration.Show.Bounded(PostgresAuditStore.Told(e))}");
                return ExitCode.Failed;
            }
        });
        return command;
    }

    private static int Show(IEnumerable<StoredRecord> found, bool withPersonal, TextWriter output, TextWriter error)
    {
        var shown = 0;
        foreach (var stored in found)
        {
            if (RecordView.ToJson(stored, withPersonal) is { } json) Listing.WriteJson(json, output);
            else error.WriteLine($"Record {stored.Sequence} is no record: see 'gatehouse audit verify'.");
            shown++;
        }

        if (shown > 0) return ExitCode.Done;
        error.WriteLine("There is no such record.");
        return ExitCode.Failed;
    }

    private static IEnumerable<StoredRecord> Numbered(AuditReader reader, AuditChain chain, long sequence) =>
        reader.Records(chain, sequence).Take(1).Where(r => r.Sequence == sequence);

    private static IEnumerable<StoredRecord> About(AuditReader reader, string request) =>
        from chain in reader.Chains()
        from stored in reader.Records(chain)
        where stored.Line is { } line && System.Text.Encoding.UTF8.GetString(line).Contains(request, StringComparison.Ordinal)
        let record = RecordReader.Read(stored)?.Record
        where record is not null && (record.RequestId == request || record.Intent == request)
        select stored;
}
