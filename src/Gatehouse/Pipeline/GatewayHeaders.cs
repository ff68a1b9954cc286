namespace Gatehouse.Pipeline;

/// <summary>The header fields by which the gateway speaks to backends.</summary>
internal static class GatewayHeaders
{
    /// <summary>Who calls, under the gateway's signature: a JSON Web Token (RFC 7519).</summary>
    public const string Assertion = "Gatehouse-Assertion";
}
