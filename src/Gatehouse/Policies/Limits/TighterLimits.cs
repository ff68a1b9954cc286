using System.Globalization;
using Gatehouse.Configuration;

namespace Gatehouse.Policies.Limits;

/// <summary>
/// The limits of a route in an environment: of a name that is declared, the environment's, which has to be tighter; the others as declared;
/// and those that the environment adds, which can only refuse more.
/// </summary>
internal static class TighterLimits
{
    /// <param name="key">Limits or quotas.</param>
    public static Node Join(Key<IReadOnlyList<Limit>> key, Node? declared, Node environment, Findings findings)
    {
        var shape = key.Shape;
        if (!shape.TryRead(environment, findings, out var here)) return declared ?? environment;
        CheckOnce(here, findings);
        if (declared is null) return environment;
        if (!shape.TryRead(declared, findings, out var before)) return declared;
        var items = new List<Node>(((ListNode)declared).Items);
        for (var i = 0; i < here.Count; i++)
        {
            var node = ((ListNode)environment).Items[i];
            var at = IndexOf(here[i].Name, before);
            if (at < 0)
            {
                items.Add(node);
                continue;
            }

            items[at] = node;
            Compare(before[at], here[i], findings);
        }

        return new ListNode(environment.Place, items);
    }

    /// <summary>Of two of one name the second would stand in the place of the first.</summary>
    private static void CheckOnce(IReadOnlyList<Limit> here, Findings findings)
    {
        for (var i = 1; i < here.Count; i++)
            if (IndexOf(here[i].Name, here) is var first && first < i)
                findings.Add(Rules.DuplicateKey, here[i].Place, $"two limits of this environment are named '{here[i].Name}'",
                    $"give one of them a 'name' of its own; the other stands at {here[first].Place}");
    }

    private static int IndexOf(string name, IReadOnlyList<Limit> limits)
    {
        for (var i = 0; i < limits.Count; i++)
            if (limits[i].Name == name) return i;
        return -1;
    }

    /// <summary>Tighter is what allows no more at once and no more in the long run, and refuses what was refused.</summary>
    private static void Compare(Limit declared, Limit here, Findings findings)
    {
        if (here.Per != declared.Per || here.Across != declared.Across)
            Say($"counts other calls together than the declared limit '{here.Name}'", "give it a 'name' of its own, and both hold");
        else if (!IsAlike(declared.Form, here.Form))
            Say($"counts in another way than the declared limit '{here.Name}'", "give it a 'name' of its own, and both hold");
        else if (here.Shared != declared.Shared)
            Say($"is shared otherwise than the declared limit '{here.Name}'", "write the same 'shared'");
        else if (IsLooser(declared, here))
            Say(
                $"is looser than the declared limit '{here.Name}': {Text(here)} against {Text(declared)}",
                "an environment can only make limits tighter");

        void Say(string what, string hint) => findings.Add(Rules.Environment, here.Place, "this " + what, hint);
    }

    /// <summary>A sliding window of the same length is the tighter form of one that comes back evenly.</summary>
    private static bool IsAlike(LimitForm declared, LimitForm here) => here == declared || (declared == LimitForm.Even && here == LimitForm.Sliding);

    private static bool IsLooser(Limit declared, Limit here) =>
        here.Allow > declared.Allow
        || here.Allow * (long)declared.Every.TotalSeconds > declared.Allow * (long)here.Every.TotalSeconds
        || (here.ReportOnly && !declared.ReportOnly)
        || (declared.CountsCost && !here.CountsCost);

    private static string Text(Limit limit)
    {
        var counts = limit.Form switch
        {
            LimitForm.Even => "every " + Units.Write(limit.Every),
            LimitForm.Sliding => $"every {Units.Write(limit.Every)} sliding",
            LimitForm.AtOnce => "at once",
            LimitForm.Day => "every day",
            LimitForm.Month => "every month",
        };
        return string.Create(CultureInfo.InvariantCulture,
            $"{limit.Allow} {counts}{(limit.CountsCost ? " of cost" : "")}{(limit.ReportOnly ? " that are only reported" : "")}");
    }
}
