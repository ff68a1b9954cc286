namespace Gatehouse.Backend;

/// <summary>Names that are the same everywhere.</summary>
public static class GatehouseDefaults
{
    /// <summary>The authentication scheme's name.</summary>
    public const string AuthenticationScheme = "Gatehouse";

    /// <summary>The <c>typ</c> of an assertion (RFC 8725 section 3.11): no other token passes for one.</summary>
    public const string TokenType = "gatehouse-assertion+jwt";

    /// <summary>The meter under which refused calls are counted, as <c>gatehouse.backend.refused</c> by <c>reason</c>.</summary>
    public const string Meter = "Gatehouse.Backend";
}
