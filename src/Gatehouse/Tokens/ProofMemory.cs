using System.Text;

namespace Gatehouse.Tokens;

/// <summary>
/// The proofs that were used, for as long as they could be used again. Bounded: when it is full, nobody can say whether a proof is used for the first
/// time. Of this instance alone: another one does not know what was used here.
/// </summary>
internal sealed class ProofMemory(int capacity = 100_000)
{
    /// <summary>A proof is taken while it is not older than the window and not further ahead than clocks may differ: never for longer.</summary>
    private static readonly TimeSpan Longest = PossessionProof.Window + TimeSpan.FromSeconds(60) + TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private HashSet<TokenDigest> _recent = [];
    private HashSet<TokenDigest> _before = [];
    private DateTimeOffset _since;

    public ProofUse Take(string key, string id, DateTimeOffset now)
    {
        var digest = TokenDigest.Of(Encoding.UTF8.GetBytes($"{key} {id}"));
        lock (_gate)
        {
            var age = now - _since;
            if (age >= Longest)
            {
                (_before, _recent) = (_recent, _before);
                _recent.Clear();
                if (age >= 2 * Longest) _before.Clear();
                _since = now;
            }

            if (_before.Contains(digest) || _recent.Contains(digest)) return ProofUse.Again;
            if (_recent.Count >= capacity) return ProofUse.Unknown;
            _recent.Add(digest);
            return ProofUse.First;
        }
    }
}

internal enum ProofUse
{
    First,
    Again,
    Unknown,
}
