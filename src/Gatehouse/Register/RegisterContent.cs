namespace Gatehouse.Register;

/// <summary>The state of a register: the pair names one change, and is equal where nothing was changed.</summary>
/// <param name="Number">Counts the changes; 0 before the first.</param>
/// <param name="Epoch">A random number that each change draws: another change with the same number, in a store that was set back, has another.</param>
internal readonly record struct RegisterVersion(long Number, long Epoch);

/// <summary>Everything that a register holds of one gateway, as it was at one moment.</summary>
internal sealed record RegisterContent(RegisterVersion Version, IReadOnlyList<IssuedKey> Keys, IReadOnlyList<Suspension> Suspensions)
{
    /// <summary>The most keys, and the most suspensions: a register that has more is not read.</summary>
    public const int Most = 20_000;

    public static RegisterContent Empty { get; } = new(default, [], []);

    public IssuedKey? FindKey(string id) => Keys.FirstOrDefault(k => k.Id == id);

    public Suspension? Find(SuspendedKind kind, string name) => Suspensions.FirstOrDefault(s => s.Kind == kind && s.Name == name);

    /// <summary>
    /// What holds for who knows this, once a store says <paramref name="next"/>: that, but nothing that was ended or suspended comes back because a
    /// store was emptied, set back or restored. For that somebody has to say so, later than it was said; a revocation is never taken back.
    /// </summary>
    /// <param name="stricter">How often the store is not followed.</param>
    public RegisterContent Followed(RegisterContent next, out int stricter)
    {
        var kept = 0;
        var lacking = Keys.ToDictionary(k => k.Id, StringComparer.Ordinal);
        List<IssuedKey> keys = [.. next.Keys.Select(k => Stricter(k, lacking.Remove(k.Id, out var known) ? known : null))];
        foreach (var known in lacking.Values.Where(k => k.Revoked is not null)) // it may have it again
        {
            keys.Add(known);
            kept++;
        }

        var said = next.Suspensions.ToDictionary(s => (s.Kind, s.Name));
        foreach (var known in Suspensions)
        {
            if (said.TryGetValue((known.Kind, known.Name), out var there) && there.Changed >= known.Changed) continue;
            said[(known.Kind, known.Name)] = known;
            kept++;
        }

        stricter = kept;
        return new RegisterContent(next.Version, keys, [.. said.Values]);

        IssuedKey Stricter(IssuedKey key, IssuedKey? known)
        {
            if (known is null || (key.Expires <= known.Expires && (key.Revoked is not null || known.Revoked is null))) return key;
            kept++;
            return key with { Expires = key.Expires <= known.Expires ? key.Expires : known.Expires, Revoked = key.Revoked ?? known.Revoked };
        }
    }
}
