using System.Security.Cryptography;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration;

/// <summary>
/// Reads the files that a declaration names (certificates, contracts, secrets), says when one cannot be used, and remembers what was in them.
/// </summary>
/// <param name="bounds">By file, the bounds that it has to stay in; null where there are none.</param>
internal sealed class NamedFiles(
    SourceFiles files, Findings findings, DateTimeOffset now, IReadOnlyDictionary<string, IReadOnlyList<Bounds>>? bounds = null)
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
        if (secret && !MayName(SecretReference.OfFile(path), written.Place, what)) return null;
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

    /// <summary>Whether the file at this place may name the secret; it is not even looked for where it may not, and a finding says so.</summary>
    public bool MayName(string secret, Place place, string what)
    {
        foreach (var held in bounds?.GetValueOrDefault(place.File) ?? [])
        {
            if (held.Secrets.Contains(secret)) continue;
            Findings.Add(Rules.Bounds, place, $"this file may not name this {what}", $"the bounds stand at {held.Place}; 'secrets' there says what it may name");
            return false;
        }

        return true;
    }

    public void Remember(string origin, ReadOnlySpan<byte> bytes) => _digests[origin] = Convert.ToHexStringLower(SHA256.HashData(bytes));
}

internal sealed record NamedFile(string Path, byte[] Bytes);
