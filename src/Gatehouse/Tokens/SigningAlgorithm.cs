namespace Gatehouse.Tokens;

/// <summary>
/// The algorithms that tokens may be signed with (RFC 7518 section 3.1): each needs a private key that the gateway does not have. Those with a shared
/// secret (HS) are not among them: whoever could verify could also make tokens.
/// </summary>
internal enum SigningAlgorithm
{
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    ES512,
}

internal static class SigningAlgorithms
{
    public const int Count = 9;

    private static readonly string[] Words = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    public static IReadOnlyList<SigningAlgorithm> All { get; } = Enum.GetValues<SigningAlgorithm>();

    public static bool TryRead(string text, out SigningAlgorithm algorithm)
    {
        var index = Array.IndexOf(Words, text);
        algorithm = (SigningAlgorithm)index;
        return index >= 0;
    }

    public static string Word(SigningAlgorithm algorithm) => Words[(int)algorithm];

    /// <summary>The type of key that the algorithm needs (<c>kty</c>, RFC 7518 section 6.1).</summary>
    public static string KeyType(SigningAlgorithm algorithm) => algorithm < SigningAlgorithm.ES256 ? "RSA" : "EC";

    /// <summary>The curve that the algorithm needs (RFC 7518 section 3.4); null for RSA.</summary>
    public static string? Curve(SigningAlgorithm algorithm) => algorithm switch
    {
        SigningAlgorithm.ES256 => "P-256",
        SigningAlgorithm.ES384 => "P-384",
        SigningAlgorithm.ES512 => "P-521",
        _ => null,
    };

    /// <summary>RS and PS: two ways to use the same kind of key, of which a key serves one only (RFC 8725 section 3.1).</summary>
    public static bool ShareKeys(SigningAlgorithm one, SigningAlgorithm other) =>
        KeyType(one) == "RSA" && KeyType(other) == "RSA" && one < SigningAlgorithm.PS256 != other < SigningAlgorithm.PS256;
}
