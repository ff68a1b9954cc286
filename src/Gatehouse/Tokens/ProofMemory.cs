using System.Text;

namespace Gatehouse.Tokens;

/// <summary>
/// The proofs that were used, for as long as they could be used again. Bounded: when it is full, nobody can say whether a proof is used for the first
/// time; and nobody may have more than a share of it, so that one cannot fill it for all. Of this instance alone: another one does not know what was
/// used here.
/// </summary>
/// <param name="capacity">How many proofs, of the latest two minutes.</param>
/// <param name="share">How many of them may be one caller's.</param>
internal sealed class ProofMemory(int capacity = ProofMemory.Most, int share = ProofMemory.MostOfOne)
{
    public const int Most = 240_000;

    public const int MostOfOne = 60_000;

    /// <summary>A proof is taken while it is not older than the window and not further ahead than clocks may differ: never for longer.</summary>
    private static readonly TimeSpan Longest = PossessionProof.Window + TimeSpan.FromSeconds(60) + TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<TokenDigest, int> _shares = [];
    private HashSet<TokenDigest> _recent = [];
    private HashSet<TokenDigest> _before = [];
    private DateTimeOffset _since;

    /// <param name="who">For whom the token is: whose share it is.</param>
    /// <param name="key">The thumbprint of the key that signed the proof.</param>
    /// <param name="id">The proof's <c>jti</c>.</param>
    public ProofUse Take(string who, string key, string id, DateTimeOffset now)
    {
        var (digest, holder) = (DigestOf($"{key} {id}"), DigestOf(who));
        lock (_gate)
        {
            var age = now - _since;
            if (age >= Longest)
            {
                (_before, _recent) = (_recent, _before);
                _recent.Clear();
                _shares.Clear();
                if (age >= 2 * Longest) _before.Clear();
                _since = now;
            }

            if (_before.Contains(digest) || _recent.Contains(digest)) return ProofUse.Again;
            var taken = _shares.GetValueOrDefault(holder);
            if (_recent.Count >= capacity || taken >= share) return ProofUse.Unknown;
            _recent.Add(digest);
            _shares[holder] = taken + 1;
            return ProofUse.First;
        }
    }

    private static TokenDigest DigestOf(string text) => TokenDigest.Of(Encoding.UTF8.GetBytes(text));
}

internal enum ProofUse
{
    First,
    Again,
    Unknown,
}
