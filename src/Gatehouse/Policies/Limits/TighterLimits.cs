using System.Globalization;
using Gatehouse.Configuration;

namespace Gatehouse.Policies.Limits;

/// <summary>
/// The limits of a route in an environment: of a name that is declared, the environment's, which has to be tighter; the others as declared;
/// and those that the environment adds, which can only refuse more.
/// </summary>
internal static class TighterLimits
{
    public static Node Join(Node? declared, Node environment, Findings findings)
    {
        var shape = LimitsSpec.Key.Shape;
        if (!shape.TryRead(environment, findings, out var here) || declared is null) return declared ?? environment;
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

    private static int IndexOf(string name, IReadOnlyList<Limit> limits)
    {
        for (var i = 0; i < limits.Count; i++)
            if (limits[i].Name == name) return i;
        return -1;
    }

    /// <summary>Tighter is what allows no more at once and no more in the long run.</summary>
    private static void Compare(Limit declared, Limit here, Findings findings)
    {
        if (here.Per != declared.Per)
            Say($"counts other calls together than the declared limit '{here.Name}'", "give it a 'name' of its own, and both hold");
        else if (here.Shared != declared.Shared)
            Say($"is shared otherwise than the declared limit '{here.Name}'", "write the same 'shared'");
        else if (here.Allow > declared.Allow || here.Allow * (long)declared.Every.TotalSeconds > declared.Allow * (long)here.Every.TotalSeconds)
            Say(
                $"is looser than the declared limit '{here.Name}': {Text(here)} against {Text(declared)}",
                "an environment can only make limits tighter");

        void Say(string what, string hint) => findings.Add(Rules.Environment, here.Place, "this " + what, hint);
    }

    private static string Text(Limit limit) => string.Create(CultureInfo.InvariantCulture, $"{limit.Allow} every {Units.Write(limit.Every)}");
}
