namespace Gatehouse.Backend;

/// <summary>The header fields in which a Gatehouse tells a backend about the call.</summary>
public static class CallerHeaders
{
    /// <summary>The exchange's id, the same as in the gateway's access log.</summary>
    public const string RequestId = "X-Request-Id";

    /// <summary>Who calls: a JSON Web Token under the gateway's signature.</summary>
    public const string Assertion = "Gatehouse-Assertion";
}
