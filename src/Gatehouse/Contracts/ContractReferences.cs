using Gatehouse.Configuration;

namespace Gatehouse.Contracts;

/// <summary>
/// References that lead to references: the library's time grows with more than the square of how many follow each other, so that a small
/// document could keep it busy for hours. Few real documents have more than one after another.
/// </summary>
internal sealed class ContractReferences
{
    private const int MostHops = 8;
    private const int MostCharacters = 1000;
    private const int MostWork = 1_000_000;

    /// <summary>Where a reference leads, by the pointer (RFC 6901) of where it stands.</summary>
    private readonly Dictionary<string, ScalarNode> _byPointer = new(StringComparer.Ordinal);

    private readonly Dictionary<string, ScalarNode>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly List<string> _path = [];

    private ContractReferences() => _lookup = _byPointer.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether the references may be followed; otherwise a finding says which one may not.</summary>
    public static bool Check(Node root, Findings findings)
    {
        var references = new ContractReferences();
        references.Collect(root);
        var work = 0L;
        foreach (var reference in references._byPointer.Values)
        {
            if (reference.Text.Length > MostCharacters)
            {
                findings.Add(Rules.UnusableFile, reference.Place, $"the reference is longer than {MostCharacters} characters");
                return false;
            }

            var hops = references.Hops(reference);
            work += (long)hops * hops;
            if (hops <= MostHops && work <= MostWork) continue;
            findings.Add(
                Rules.UnusableFile,
                reference.Place,
                hops > MostHops
                    ? $"more than {MostHops} references follow each other from here"
                    : "too many references of the contract lead to references",
                "refer to what is meant, not to another reference");
            return false;
        }

        return true;
    }

    private void Collect(Node node)
    {
        if (node is ListNode list)
        {
            for (var i = 0; i < list.Items.Count; i++) Under(FormattableString.Invariant($"{i}"), list.Items[i]);
            return;
        }

        if (node is not MapNode map) return;
        foreach (var entry in map.Entries)
        {
            if (entry is { Key: "$ref", Value: ScalarNode reference }) _byPointer["/" + string.Join('/', _path)] = reference;
            else Under(entry.Key, entry.Value);
        }
    }

    private void Under(string step, Node node)
    {
        if (node is ScalarNode) return;
        _path.Add(step);
        Collect(node);
        _path.RemoveAt(_path.Count - 1);
    }

    /// <summary>How many references follow each other; a circle ends where it closes.</summary>
    private int Hops(ScalarNode from)
    {
        var seen = new List<ScalarNode>(MostHops) { from };
        for (var at = from; seen.Count <= MostHops && Next(at) is { } next && !seen.Contains(next, ReferenceEqualityComparer.Instance); at = next)
            seen.Add(next);
        return seen.Count;
    }

    /// <summary>The reference that stands where this one leads, or on the way there; null when it leads to something else.</summary>
    private ScalarNode? Next(ScalarNode reference)
    {
        for (var pointer = Target(reference.Text).AsSpan(); pointer.Length > 0; pointer = pointer[..pointer.LastIndexOf('/')])
            if (_lookup.TryGetValue(pointer, out var next)) return next;
        return null;
    }

    /// <summary>The pointer of a reference, whatever document it names: it might be this one.</summary>
    private static string Target(string reference)
    {
        var hash = reference.IndexOf('#', StringComparison.Ordinal);
        return hash < 0 || hash + 1 == reference.Length || reference[hash + 1] != '/'
            ? ""
            : Uri.UnescapeDataString(reference[(hash + 1)..])
                .Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal);
    }
}
