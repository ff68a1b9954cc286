using Gatehouse.Configuration;

namespace Gatehouse.Declaration.Checks;

/// <summary>The authorisers that routes name exist, and those that exist are asked.</summary>
internal static class Authorisers
{
    public static void Check(Draft draft)
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        foreach (var route in draft.Routes)
        {
            foreach (var kind in draft.Kinds)
            {
                if (kind.AuthoriserOf(route.Specs) is not { } named) continue;
                asked.Add(named.Value);
                if (!draft.Authorisers.ContainsKey(named.Value))
                    draft.Findings.Add(Rules.UnknownReference, named.Place, $"there is no authoriser '{named.Value}'",
                        draft.Findings.IsFull ? null : Nearest.Hint(named.Value, draft.Authorisers.Keys));
            }
        }

        foreach (var authoriser in draft.Authorisers.Values)
            if (!asked.Contains(authoriser.Name))
                draft.Findings.Add(Rules.Unused, authoriser.Place, $"no route asks authoriser {authoriser.Name}",
                    "remove it, or name it in a route's 'authorize'");
    }
}
