using System.Security.Cryptography;
using Gatehouse.Configuration;

namespace Gatehouse.Declaration;

/// <summary>
/// Reads the files that a declaration names (certificates, contracts, secrets), says when one cannot be used, and remembers what was in them.
/// </summary>
internal sealed class NamedFiles(SourceFiles files, Findings findings, DateTimeOffset now)
{
    private readonly SortedDictionary<string, string> _digests = new(StringComparer.Ordinal);

    public SourceFiles Source { get; } = files;

    public Findings Findings { get; } = findings;

    /// <summary>The instant against which dates are judged.</summary>
    public DateTimeOffset Now { get; } = now;

    /// <summary>Where the contents came from, as written, with the SHA-256 of each: part of what the declaration means.</summary>
    public IReadOnlyDictionary<string, string> Contents => _digests;

    /// <summary>The file's bytes, or null; then a finding says why.</summary>
    /// <param name="what">What the file is, for findings: "certificate".</param>
    /// <param name="secret">Whether nobody but its owner may read the file.</param>
    public NamedFile? Read(Located<string> written, string what, bool secret = false)
    {
        var path = SourceFiles.Beside(written.Place.File, written.Value);
        if (!Source.TryRead(path, out var bytes, out var why))
        {
            Findings.Add(Rules.NoFile, written.Place, $"the {what} '{Show.Bounded(written.Value)}' is needed, but {why}");
            return null;
        }

        if (secret) Source.Withhold(path);
        if (secret && Source.IsOpenToOthers(path))
        {
            Findings.Add(
                Rules.InlineSecret, written.Place, $"the {what} '{Show.Bounded(written.Value)}' can be read or changed by others than its owner",
                $"chmod 600 {Show.Bounded(written.Value)}");
            return null;
        }

        if (secret && Source.BelongsToAnother(path))
        {
            Findings.Add(
                Rules.InlineSecret, written.Place, $"the {what} '{Show.Bounded(written.Value)}' belongs to another account than the gateway's",
                "chown it to the account that the gateway runs as, or to root");
            return null;
        }

        Remember(path, bytes);
        return new NamedFile(path, bytes);
    }

    public void Remember(string origin, ReadOnlySpan<byte> bytes) => _digests[origin] = Convert.ToHexStringLower(SHA256.HashData(bytes));
}

internal sealed record NamedFile(string Path, byte[] Bytes);
