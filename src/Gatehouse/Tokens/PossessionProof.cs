using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Tokens;

/// <summary>Checks that whoever presents a token holds the key that it is bound to (RFC 9449 sections 4.3 and 7.1), each time anew.</summary>
internal sealed class PossessionProof(ProofMemory memory)
{
    /// <summary>How old a proof may be.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    private const int LongestId = 256;

    /// <summary>Good when the proof is; otherwise why not, or that nobody can say.</summary>
    public TokenVerdict Check(in PresentedToken presented, RememberedToken remembered, DateTimeOffset now, TimeSpan skew)
    {
        if (presented.Proof is not { } text) return TokenVerdict.Refuse("proof: none");
        using var proof = TokenText.TryRead(text, null, out _);
        if (proof is null) return TokenVerdict.Refuse("proof: malformed");
        if (!string.Equals(proof.Header.Type, "dpop+jwt", StringComparison.OrdinalIgnoreCase)) return TokenVerdict.Refuse("proof: 'typ' is not dpop+jwt");
        if (!SigningAlgorithms.TryRead(proof.Header.Algorithm, out var algorithm)) return TokenVerdict.Refuse("proof: algorithm not taken");
        if (KeyOf(proof, algorithm, remembered) is not { } key) return TokenVerdict.Refuse("proof: no usable key");
        if (!string.Equals(key.Thumbprint, remembered.Token.KeyThumbprint, StringComparison.Ordinal))
            return TokenVerdict.Refuse("proof: of another key than the token's");
        if (Read(proof.Payload) is not { } claims) return TokenVerdict.Refuse("proof: a claim is missing or has the wrong type");
        if (!string.Equals(claims.Method, presented.Method, StringComparison.Ordinal)) return TokenVerdict.Refuse("proof: for another method");
        if (!IsSameTarget(claims.Target, presented.Target)) return TokenVerdict.Refuse("proof: for another target");
        if (!IsHashOf(claims.TokenHash, presented.Text)) return TokenVerdict.Refuse("proof: for another token");
        var seconds = now.ToUnixTimeSeconds();
        if (claims.IssuedAt < seconds - (long)Window.TotalSeconds) return TokenVerdict.Refuse("proof: too old");
        if (claims.IssuedAt > seconds + (long)skew.TotalSeconds) return TokenVerdict.Refuse("proof: issued in the future");
        if (!key.Verify(algorithm, proof.Signed, proof.Signature)) return TokenVerdict.Refuse("proof: signature");
        return memory.Take(HolderOf(remembered.Token), key.Thumbprint, claims.Id, now) switch
        {
            ProofUse.First => TokenVerdict.Good(remembered.Token),
            ProofUse.Again => TokenVerdict.Refuse("proof: used before"),
            ProofUse.Unknown => TokenVerdict.Unavailable("proof: too many at once to remember"),
        };
    }

    private static string HolderOf(VerifiedToken token) => $"{token.Issuer} {token.ClientId} {token.Subject}";

    /// <summary>The proof's own key; read once where the same one comes again.</summary>
    private static SigningKey? KeyOf(TokenText proof, SigningAlgorithm algorithm, RememberedToken remembered)
    {
        if (proof.Header.Jwk is not { ValueKind: JsonValueKind.Object } jwk) return null;
        var written = jwk.GetRawText();
        if (remembered.ProofKey is { } known && known.Algorithm == algorithm && known.Written == written) return known.Key;
        try
        {
            var key = SigningKey.TryRead(jwk, [algorithm], out _);
            if (key is not null && key.Thumbprint == remembered.Token.KeyThumbprint) remembered.ProofKey = new ProofKey(written, algorithm, key);
            return key;
        }
        catch (InvalidOperationException)
        {
            return null; // half of a surrogate pair in a text
        }
    }

    private static ProofClaims? Read(JsonElement payload)
    {
        try
        {
            return SigningKey.TextOf(payload, "jti") is { Length: > 0 and <= LongestId } id
                && SigningKey.TextOf(payload, "htm") is { } method
                && SigningKey.TextOf(payload, "htu") is { } target
                && SigningKey.TextOf(payload, "ath") is { } hash
                && payload.TryGetProperty("iat"u8, out var iat) && iat.ValueKind == JsonValueKind.Number
                && iat.TryGetInt64(out var issued) && issued is >= 0 and < 253_402_300_800
                    ? new ProofClaims(id, method, target, hash, issued) : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Compared without query and fragment, after the normalisation of schemes, hosts and ports (RFC 9449 section 4.3, 9).</summary>
    private static bool IsSameTarget(string claimed, string target)
    {
        if (string.Equals(claimed, target, StringComparison.Ordinal)) return true;
        const UriComponents parts = UriComponents.SchemeAndServer | UriComponents.Path;
        return Uri.TryCreate(claimed, UriKind.Absolute, out var one) && Uri.TryCreate(target, UriKind.Absolute, out var other)
            && one.UserInfo.Length == 0
            && Uri.Compare(one, other, parts, UriFormat.UriEscaped, StringComparison.Ordinal) == 0;
    }

    private static bool IsHashOf(string hash, string token)
    {
        Span<byte> text = stackalloc byte[token.Length];
        Encoding.ASCII.GetBytes(token, text);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, digest);
        Span<char> written = stackalloc char[43];
        return Base64Url.TryEncodeToChars(digest, written, out _) && hash.AsSpan().SequenceEqual(written);
    }

    private sealed record ProofClaims(string Id, string Method, string Target, string TokenHash, long IssuedAt);
}

/// <param name="Written">The text of the JWK.</param>
internal sealed record ProofKey(string Written, SigningAlgorithm Algorithm, SigningKey Key);
