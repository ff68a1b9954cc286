using System.CommandLine;
using System.Text;
using Gatehouse.Audit;
using Gatehouse.Cli.Commands.Output;
using Gatehouse.Configuration;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>
/// <c>gatehouse audit prove</c>: shows one record without the rest, and that it was in the trail when a checkpoint was signed; with <c>--check</c>
/// it looks at such a proof.
/// </summary>
internal static class AuditProveCommand
{
    public static Command Create(TimeProvider clock)
    {
        var file = new Argument<string?>("TRAIL") { Description = TrailPlace.Description, Arity = ArgumentArity.ZeroOrOne }.OfFiles();
        var sequence = new Option<long>("--sequence") { Description = "The number of the record that is to be proved.", HelpName = "N" };
        var chain = TrailOptions.Chain();
        var personal = TrailOptions.Personal();
        var check = new Option<string?>("--check")
        {
            Description = "A proof that is to be looked at, instead of making one.",
            HelpName = "FILE",
        }.OfFiles();
        var keys = TrailOptions.Keys();
        keys.Required = false;
        var command = new Command("prove", "Proves that a record is in the trail, or looks at such a proof. Exits 1 where nothing is proved.")
        {
            file, sequence, chain, personal, check, keys,
        };
        var act = new TrailActOptions(mustSayWhy: false);
        act.AddTo(command);
        command.Validators.Add(result =>
        {
            var checks = result.GetResult(check) is not null;
            if (checks == (result.GetValue(file) is not null)) result.AddError("Either a trail is named or '--check'.");
            else if (checks && result.GetResult(keys) is null) result.AddError("'--check' needs '--key'.");
            else if (!checks && result.GetResult(sequence) is null) result.AddError("'--sequence' is missing: the record that is to be proved.");
        });
        command.SetAction(async (parsed, cancelled) =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (parsed.GetValue(check) is { } proof)
                return TrailOptions.Read(parsed.GetValue(keys) ?? [], error) is { } read ? Check(proof, read, output, error) : ExitCode.Failed;
            if (TrailPlace.Of(parsed.GetRequiredValue(file)!, error) is not { } place) return ExitCode.Failed;
            using var reader = place.OpenReader(error);
            if (reader is null || TrailOptions.Choose(place, reader, parsed.GetValue(chain), error) is not { } chosen) return ExitCode.Failed;
            var (wanted, withPersonal) = (parsed.GetValue(sequence), parsed.GetValue(personal));
            if (withPersonal)
            {
                var what = $"prove {wanted} of {chosen.Origin}";
                if (await act.RecordReadingAsync(parsed, place, reader, what, new AuditQuery(), [], clock, cancelled) is null) return ExitCode.Failed;
            }

            try
            {
                return Prove(reader, chosen, wanted, withPersonal, output, error);
            }
            catch (Exception e) when (TrailOptions.IsUnreadable(e))
            {
                error.WriteLine($"The trail cannot be read on: {place.Why(e)}");
                return ExitCode.Failed;
            }
        });
        return command;
    }

    private static int Prove(AuditReader reader, AuditChain chain, long sequence, bool withPersonal, TextWriter output, TextWriter error)
    {
        var stored = reader.Records(chain, sequence).FirstOrDefault(r => r.Sequence == sequence);
        if (stored?.Line is not { } line)
        {
            error.WriteLine(stored is null ? $"There is no record {sequence}." : $"The content of record {sequence} was taken out because its time was over.");
            return ExitCode.Failed;
        }

        if (reader.Checkpoints(chain).LastOrDefault() is not { } checkpoint || checkpoint.Size < sequence)
        {
            error.WriteLine($"Record {sequence} has no checkpoint yet; one comes within seconds where a gateway runs.");
            return ExitCode.Failed;
        }

        if (InclusionProof.Of(sequence - 1, checkpoint.Size, reader.Records(chain).Select(HashOf)) is not { } hashes)
        {
            error.WriteLine($"The trail has fewer records than the {checkpoint.Size} that were signed: see 'gatehouse audit verify'.");
            return ExitCode.Failed;
        }

        if (withPersonal && stored.Personal is { } personal && !PersonalValues.HaveForm(personal))
        {
            error.WriteLine($"What is personal beside record {sequence} was edited: see 'gatehouse audit verify'.");
            return ExitCode.Failed;
        }

        var proof = new ProofDocument(sequence - 1, Encoding.UTF8.GetString(line), hashes, checkpoint.Note);
        Listing.WriteJson(proof.ToJson(withPersonal ? stored.Personal : null), output);
        return ExitCode.Done;
    }

    private static byte[] HashOf(StoredRecord stored) =>
        stored.Hash.Length == MerkleHash.Length ? stored.Hash : throw new InvalidDataException($"record {stored.Sequence} has no hash");

    private static int Check(string file, IReadOnlyList<CheckpointVerifier> keys, TextWriter output, TextWriter error)
    {
        string text;
        try
        {
            text = System.IO.File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{file} cannot be read: {Show.Bounded(e.Message)}");
            return ExitCode.Failed;
        }

        if (ProofDocument.Read(text) is not { } proof)
        {
            error.WriteLine($"{file} is no proof.");
            return ExitCode.Failed;
        }

        if (proof.Fault(keys) is { } fault)
        {
            output.WriteLine($"It proves NOTHING: {fault}.");
            return ExitCode.Failed;
        }

        var checkpoint = Checkpoint.Read(proof.Note)!.Checkpoint;
        output.WriteLine($"It holds: this is record {proof.Index + 1} of {Show.Bounded(checkpoint.Origin)}, as it was when {checkpoint.Size} records were signed at {checkpoint.Time:yyyy-MM-dd'T'HH:mm:ss'Z'}.");
        return ExitCode.Done;
    }
}
