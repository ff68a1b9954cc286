using System.Security.Claims;

namespace Gatehouse.Backend;

/// <summary>What the gateway says of a caller, read from the principal that it vouched for.</summary>
public static class GatehouseCaller
{
    /// <summary>The person whom the caller speaks for; null when it speaks for itself or nobody in particular calls. Compare it, together with
    /// <see cref="PersonIssuer"/>, with the owner of what is asked for.</summary>
    public static string? Person(this ClaimsPrincipal user) => Kind(user) == "person" ? Value(user, "sub") : null;

    /// <summary>Who knows the person: the issuer's name in the gateway's declaration. A subject means something only together with it.</summary>
    public static string? PersonIssuer(this ClaimsPrincipal user) => Kind(user) == "person" ? Value(user, "issuer") : null;

    /// <summary>The program that calls, by its name in the gateway's declaration; null for an anonymous call.</summary>
    public static string? Consumer(this ClaimsPrincipal user) => Value(user, "consumer");

    /// <summary>Whether nobody in particular calls: the route is open to everybody.</summary>
    public static bool IsAnonymousCall(this ClaimsPrincipal user) => Kind(user) == "anonymous";

    /// <summary>What the call may ask for.</summary>
    public static IReadOnlyList<string> Scopes(this ClaimsPrincipal user) =>
        Value(user, "scope")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>Whether the call may ask for this; compared character by character.</summary>
    public static bool HasScope(this ClaimsPrincipal user, string scope) => Scopes(user).Contains(scope, StringComparer.Ordinal);

    /// <summary>The declared groups that the person is one of.</summary>
    public static IReadOnlyList<string> People(this ClaimsPrincipal user) => [.. Identity(user)?.FindAll("people").Select(c => c.Value) ?? []];

    /// <summary>The gateway's route, as in <c>orders/get-order</c>.</summary>
    public static string? Route(this ClaimsPrincipal user) => Value(user, "route");

    /// <summary>What kind of credential the caller has shown to the gateway: <c>apiKey</c>, <c>token</c>, <c>certificate</c>, or several joined by a
    /// plus sign.</summary>
    public static string? CredentialKind(this ClaimsPrincipal user) => Value(user, "credential");

    /// <summary>Who acts for the person, as JSON in the form of RFC 8693 section 4.1, the current actor outermost; null where nobody does.</summary>
    public static string? Actors(this ClaimsPrincipal user) => Value(user, "act");

    private static string? Kind(ClaimsPrincipal user) => Value(user, "caller");

    private static string? Value(ClaimsPrincipal user, string name) => Identity(user)?.FindFirst(name)?.Value;

    /// <summary>Only what the gateway vouched for counts: a principal may hold identities of other schemes too.</summary>
    private static ClaimsIdentity? Identity(ClaimsPrincipal user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return user.Identities.FirstOrDefault(i => i.AuthenticationType == GatehouseDefaults.AuthenticationScheme);
    }
}
