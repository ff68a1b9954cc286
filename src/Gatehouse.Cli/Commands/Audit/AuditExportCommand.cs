using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Audit;
using Gatehouse.Cli.Commands.Output;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>
/// <c>gatehouse audit export</c>: the trail, or what is wanted of it, for another machine: lines of JSON that can be verified there, CSV, or events
/// of OCSF. Who exported is recorded before anything is written.
/// </summary>
internal static class AuditExportCommand
{
    public static Command Create(TimeProvider clock)
    {
        var trail = TrailOptions.File();
        var query = new QueryOptions(clock);
        var act = new TrailActOptions(mustSayWhy: false);
        var format = new Option<string>("--format")
        {
            Description = "jsonl: all of a trail so that 'audit verify' can verify it elsewhere; csv; ocsf: events of API Activity, one on a line.",
            DefaultValueFactory = _ => "jsonl",
        };
        format.AcceptOnlyFromAmong("jsonl", "csv", "ocsf");
        var to = new Option<string?>("--to") { Description = "The file to write, which must not exist; it is for its owner only. Without it the output is written to.", HelpName = "FILE" }.OfFiles();
        var bare = new Option<bool>("--no-personal") { Description = "Without personal values: whom a caller spoke for, addresses, whose data it was." };
        var command = new Command("export", "Writes the trail, or the records that are wanted, for another machine. That it was done is recorded.") { trail, format, to, bare };
        query.AddTo(command);
        act.AddTo(command);
        command.SetAction(async (parsed, cancelled) =>
        {
            var error = parsed.InvocationConfiguration.Error;
            if (TrailPlace.Of(parsed.GetRequiredValue(trail), error) is not { } place) return ExitCode.Failed;
            if (query.Read(parsed) is not var (wanted, subjects)) return ExitCode.Failed;
            using var reader = place.OpenReader(error);
            var form = parsed.GetRequiredValue(format);
            if (reader is null) return ExitCode.Failed;
            if (await act.RecordReadingAsync(parsed, place, reader, $"export {form}", wanted, subjects.Entries, clock, cancelled) is null) return ExitCode.Failed;
            try
            {
                using var file = parsed.GetValue(to) is { } path ? new StreamWriter(Create(path), new UTF8Encoding(false)) : null;
                var written = Write(form, reader, wanted, subjects, !parsed.GetValue(bare), file ?? parsed.InvocationConfiguration.Output);
                error.WriteLine($"{written} records");
                return ExitCode.Done;
            }
            catch (Exception e) when (TrailOptions.IsUnreadable(e))
            {
                error.WriteLine($"The export could not be written to its end: {place.Why(e)}");
                return ExitCode.Failed;
            }
        });
        return command;
    }

    private static long Write(string form, AuditReader reader, AuditQuery wanted, Subjects subjects, bool personal, TextWriter output) => form switch
    {
        "csv" => WriteCsv(AuditSearch.Find(reader, wanted), subjects, personal, output),
        "ocsf" => WriteOcsf(AuditSearch.Find(reader, wanted), personal, output),
        _ when wanted.IsEverything => WriteWhole(reader, personal, output),
        _ => WriteLines(AuditSearch.Find(reader, wanted), personal, output),
    };

    /// <summary>All that verifies: the records that were taken out too, whose hashes the others stand on.</summary>
    private static long WriteWhole(AuditReader reader, bool personal, TextWriter output)
    {
        var lines = new Lines(output);
        var written = 0L;
        reader.Freeze(); // checkpoints and records of one moment
        foreach (var chain in reader.Chains())
        {
            var checkpoints = reader.Checkpoints(chain).ToList();
            lines.Add(to => JsonLinesAudit.Write(chain, personal, to));
            foreach (var stored in reader.Records(chain))
            {
                lines.Add(to => JsonLinesAudit.Write(chain, stored, personal, to));
                written++;
            }

            foreach (var checkpoint in checkpoints) lines.Add(to => JsonLinesAudit.Write(chain, checkpoint, to));
        }

        return written;
    }

    private static long WriteLines(IEnumerable<FoundRecord> found, bool personal, TextWriter output)
    {
        var lines = new Lines(output);
        var written = 0L;
        AuditChain? chain = null;
        foreach (var record in found)
        {
            if (record.Chain != chain) lines.Add(to => JsonLinesAudit.Write(record.Chain, personal, to));
            chain = record.Chain;
            lines.Add(to => JsonLinesAudit.Write(record.Chain, record.Stored, personal, to));
            written++;
        }

        return written;
    }

    private static long WriteOcsf(IEnumerable<FoundRecord> found, bool personal, TextWriter output)
    {
        var lines = new Lines(output);
        var written = 0L;
        foreach (var record in found)
        {
            lines.Add(to => OcsfEvent.Write(record, personal, to));
            written++;
        }

        return written;
    }

    private static long WriteCsv(IEnumerable<FoundRecord> found, Subjects subjects, bool personal, TextWriter output)
    {
        output.WriteLine(string.Join(',', RecordColumns.All.Select(c => c.Name)));
        var written = 0L;
        foreach (var record in found)
        {
            output.WriteLine(string.Join(',', RecordColumns.All.Select(c => Listing.Csv(Cell(c.Value(record, subjects, personal))))));
            written++;
        }

        return written;
    }

    private static string Cell(JsonNode? value) => value switch
    {
        null => "",
        JsonArray list => string.Join("; ", list.Select(Cell)),
        _ => value.ToString(),
    };

    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }

    /// <summary>Lines of ASCII, one after the other, in one buffer.</summary>
    private sealed class Lines(TextWriter output)
    {
        private readonly ArrayBufferWriter<byte> _buffer = new(4096);

        public void Add(Action<IBufferWriter<byte>> write)
        {
            _buffer.ResetWrittenCount();
            write(_buffer);
            output.WriteLine(Encoding.UTF8.GetString(_buffer.WrittenSpan));
        }
    }
}
