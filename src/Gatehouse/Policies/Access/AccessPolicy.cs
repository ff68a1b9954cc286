using System.Collections.Frozen;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Access;

/// <summary>
/// Whether the caller may: the route names it, and the people whom it speaks for where it speaks for somebody, and it has every claim and scope;
/// or the route is anonymous and says why. Everything else is denied, so that what was forgotten is closed.
/// </summary>
/// <param name="named">The consumers that the route names; null where everybody may call.</param>
internal sealed class AccessPolicy(FrozenDictionary<Consumer, Named>? named, string[] people, ClaimCondition[] claims, Scope[] scopes) : Policy
{
    public override string Name => AccessKind.KindName;

    /// <summary>Whether everybody may call.</summary>
    public bool IsOpen => named is null;

    /// <summary>The consumers that may call.</summary>
    public IReadOnlyList<Consumer> Admitted => [.. All.Where(n => n.Value.CanHoldScopes).Select(n => n.Key)];

    /// <summary>The consumers that are named and may not call, because they lack a scope whatever they present.</summary>
    public IReadOnlyList<Consumer> LackingScope => [.. All.Where(n => !n.Value.CanHoldScopes).Select(n => n.Key)];

    /// <summary>The people whom callers have to speak for; empty when they may speak for nobody.</summary>
    public IReadOnlyList<string> People => people;

    private IEnumerable<KeyValuePair<Consumer, Named>> All => named ?? Enumerable.Empty<KeyValuePair<Consumer, Named>>();

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (named is null) return new(Verdict.Continue);
        if (exchange.Caller is not { } caller)
            return new(Verdict.Reject(
                Problems.Unauthenticated, exchange.Presented == CredentialKinds.None ? "no credential" : "certificate: of no consumer"));
        return new(named.TryGetValue(caller.Consumer, out var consumer)
            ? Decide(caller, consumer)
            : Verdict.Reject(Problems.Forbidden, "the route does not name this consumer"));
    }

    private Verdict Decide(Caller caller, Named consumer)
    {
        if (caller.Person is null && people.Length > 0)
            return Verdict.Reject(Problems.Forbidden, "the route names people, and the caller speaks for none");
        if (caller.Person is not null && !IsNamed(caller.People))
            return Verdict.Reject(Problems.Forbidden, "the route does not name this person's people");
        foreach (var claim in claims)
            if (!claim.Holds(caller.Claims)) return Verdict.Reject(Problems.Forbidden, "the token lacks a claim of the route");
        return Holds(caller, consumer) ? Verdict.Continue : Verdict.Reject(Problems.InsufficientScope, "the caller lacks a scope of the route");
    }

    private bool IsNamed(IReadOnlyList<string> groups)
    {
        for (var i = 0; i < groups.Count; i++)
            foreach (var group in people)
                if (string.Equals(group, groups[i], StringComparison.Ordinal)) return true;
        return false;
    }

    /// <summary>What a consumer's grants hold is known when the route is compiled; a token's scopes are its own.</summary>
    private bool Holds(Caller caller, Named consumer)
    {
        if (ReferenceEquals(caller.Scopes, caller.Consumer.Grants)) return consumer.GrantsHold;
        foreach (var scope in scopes)
            if (!caller.Scopes.Contains(scope)) return false;
        return true;
    }
}

/// <summary>What is known of a consumer that a route names, whatever it presents.</summary>
/// <param name="GrantsHold">Whether its grants have every scope of the route.</param>
/// <param name="CanHoldScopes">Whether some credential of it can have every scope.</param>
internal readonly record struct Named(bool GrantsHold, bool CanHoldScopes);
