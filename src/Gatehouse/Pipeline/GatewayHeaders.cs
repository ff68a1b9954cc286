namespace Gatehouse.Pipeline;

/// <summary>The header fields by which the gateway speaks to backends.</summary>
internal static class GatewayHeaders
{
    /// <summary>Who calls, under the gateway's signature: a JSON Web Token (RFC 7519).</summary>
    public const string Assertion = "Gatehouse-Assertion";

    /// <summary>
    /// Whether a field is between gateway and backend, and never goes to a client: what the gateway has said, when a backend says it back. A
    /// response has no <c>Authorization</c> of its own; what stands there is the upstream's token.
    /// </summary>
    public static bool StayInside(string name) => name.Length > 10 && (name[0] | 0x20) switch
    {
        'a' => name.Equals("Authorization", StringComparison.OrdinalIgnoreCase),
        'g' => name.StartsWith("Gatehouse-", StringComparison.OrdinalIgnoreCase),
        'x' => name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("X-Gatehouse-", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };
}
