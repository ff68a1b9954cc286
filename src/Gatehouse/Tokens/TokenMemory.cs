using System.Collections.Concurrent;
using System.Numerics;

namespace Gatehouse.Tokens;

/// <summary>
/// The tokens of one issuer that were found good: the signature of each is verified once. Bounded; what was not used since the hand came by last goes
/// first (CLOCK). Once it is full, a token is taken in when it comes for the second time, so that those that come only once push nobody out and leave
/// nothing behind. To find one takes no lock and allocates nothing.
/// </summary>
internal sealed class TokenMemory(int capacity = TokenMemory.Usual)
{
    public const int Usual = 10_000;

    private readonly ConcurrentDictionary<TokenDigest, RememberedToken> _byDigest = new();
    private readonly List<(TokenDigest Digest, RememberedToken Token)> _ring = [];
    private readonly Lock _gate = new();
    private int _hand;
    private ulong[]? _seen;

    public int Count => _byDigest.Count;

    public RememberedToken? Find(in TokenDigest digest)
    {
        if (!_byDigest.TryGetValue(digest, out var token)) return null;
        token.IsUsed = true;
        return token;
    }

    public void Remember(in TokenDigest digest, RememberedToken token)
    {
        lock (_gate)
        {
            if (_ring.Count == capacity && token.Key is not null && !CameBefore(digest)) return; // to ask an issuer again would cost more
            _byDigest[digest] = token;
            if (_ring.Count < capacity)
            {
                _ring.Add((digest, token));
                return;
            }

            while (_ring[_hand].Token.IsUsed && IsThere(_ring[_hand]))
            {
                _ring[_hand].Token.IsUsed = false;
                _hand = (_hand + 1) % capacity;
            }

            var (gone, what) = _ring[_hand];
            _byDigest.TryRemove(new KeyValuePair<TokenDigest, RememberedToken>(gone, what)); // unless another took its place
            _ring[_hand] = (digest, token);
            _hand = (_hand + 1) % capacity;
        }
    }

    /// <summary>Whether a token came lately; it has from now on. Each digest has one place, where the next one to have it takes over.</summary>
    private bool CameBefore(in TokenDigest digest)
    {
        _seen ??= new ulong[BitOperations.RoundUpToPowerOf2((uint)capacity)];
        ref var seen = ref _seen[(int)(digest.A & (ulong)(_seen.Length - 1))];
        if (seen == digest.B) return true;
        seen = digest.B;
        return false;
    }

    private bool IsThere((TokenDigest Digest, RememberedToken Token) slot) =>
        _byDigest.TryGetValue(slot.Digest, out var token) && ReferenceEquals(token, slot.Token);
}

/// <summary>A token that was found good.</summary>
/// <param name="key">What had signed it; null when its issuer was asked.</param>
/// <param name="until">The first second since 1970 at which it has to be verified anew: <c>exp</c>, or sooner.</param>
internal sealed class RememberedToken(VerifiedToken token, SigningKey? key, long until)
{
    public VerifiedToken Token { get; } = token;

    public SigningKey? Key { get; } = key;

    public long Until { get; } = until;

    /// <summary>Whether somebody presented it since it was looked at last. Written without a lock: it only decides who goes first.</summary>
    public bool IsUsed { get; set; }

    /// <summary>The key that the client has proved to hold, with the text that it was read from, so that it is read once.</summary>
    public ProofKey? ProofKey { get; set; }
}
