namespace Gatehouse.Consumers;

/// <summary>A declared group of people whom tokens may speak for.</summary>
/// <param name="Name">The name in the declaration.</param>
/// <param name="Issuer">The name of the issuer whose tokens speak for them.</param>
/// <param name="Claims">What their tokens have to say, every one of them; empty when the issuer's word is enough.</param>
internal sealed record PeopleGroup(string Name, string Issuer, IReadOnlyList<ClaimCondition> Claims)
{
    /// <summary>Whether the person of a token is one of them.</summary>
    public bool Have(string issuer, TokenClaims claims) =>
        string.Equals(Issuer, issuer, StringComparison.Ordinal) && ClaimCondition.AllHold(Claims, claims);
}

/// <summary>A claim that has to have one of these values, compared character by character.</summary>
internal sealed record ClaimCondition(string Name, IReadOnlyList<string> Values)
{
    public bool Holds(TokenClaims claims)
    {
        for (var i = 0; i < Values.Count; i++)
            if (claims.Have(Name, Values[i])) return true;
        return false;
    }

    public static bool AllHold(IReadOnlyList<ClaimCondition> conditions, TokenClaims claims)
    {
        for (var i = 0; i < conditions.Count; i++)
            if (!conditions[i].Holds(claims)) return false;
        return true;
    }
}
