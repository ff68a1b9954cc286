using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Contracts;

/// <summary>
/// What a contract may ask of its reader: a small document could otherwise keep it busy for hours, or fill the memory. The library's time grows
/// with the square of a path's length, and with more than the square of how many references follow each other; few real documents have more
/// than one after another. All of the tree is walked before any reference is followed.
/// </summary>
internal sealed class ContractBounds
{
    private const int MostElements = 1_000_000;
    private const int MostNameCharacters = PathTemplate.MostCharacters;
    private const int MostReferenceCharacters = 1000;
    private const int MostPointerCharacters = 32 * 1024 * 1024;
    private const int MostHops = 8;
    private const int MostWork = 1_000_000;

    private readonly Findings _findings;
    private readonly List<Reference> _references = [];

    /// <summary>
    /// The references by the pointer (RFC 6901) of where they stand, in <see cref="Plain"/>. Null when several stand at what is then one
    /// pointer: a name may have a slash in it.
    /// </summary>
    private readonly Dictionary<string, Reference?> _byPointer = new(StringComparer.Ordinal);

    private readonly Dictionary<string, Reference?>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly List<string> _path = [];
    private readonly List<Reference> _seen = [];
    private int _elements;
    private long _pointerCharacters;

    private ContractBounds(Findings findings)
    {
        _findings = findings;
        _lookup = _byPointer.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Whether the tree may be given to the library; otherwise a finding says what is too much.</summary>
    public static bool Check(Node root, Findings findings)
    {
        var bounds = new ContractBounds(findings);
        return bounds.Walk(root) && bounds._references.TrueForAll(bounds.Resolve) && bounds.Follow();
    }

    private bool Walk(Node node)
    {
        if (++_elements > MostElements) return Refuse(node.Place, $"the contract has more than {MostElements} elements");
        if (node is ListNode list)
            for (var i = 0; i < list.Items.Count; i++)
                if (!Under(FormattableString.Invariant($"{i}"), list.Items[i])) return false;
        if (node is not MapNode map) return true;
        foreach (var entry in map.Entries)
        {
            if (entry.Key.Length > MostNameCharacters)
                return Refuse(entry.KeyPlace, $"the name '{Show.Bounded(entry.Key)}' is longer than {MostNameCharacters} characters");
            if (entry is { Key: "$ref", Value: ScalarNode reference } && !Keep(reference)) return false;
            if (!Under(entry.Key, entry.Value)) return false;
        }

        return true;
    }

    private bool Under(string step, Node node)
    {
        _path.Add(step);
        if (!Walk(node)) return false;
        _path.RemoveAt(_path.Count - 1);
        return true;
    }

    private bool Keep(ScalarNode node)
    {
        if (node.Text.Length > MostReferenceCharacters)
            return Refuse(node.Place, $"the reference is longer than {MostReferenceCharacters} characters");
        foreach (var step in _path) _pointerCharacters += step.Length + 1;
        if (_pointerCharacters > MostPointerCharacters)
            return Refuse(node.Place, "too many references of the contract stand under long names", "shorten the names, or refer less often");
        var reference = new Reference(node, _path is ["components", var kind, _] ? kind : "schemas");
        _references.Add(reference);
        var pointer = Plain("/" + string.Join('/', _path));
        if (!_byPointer.TryAdd(pointer, reference) && _byPointer[pointer]?.Node.Text != node.Text) _byPointer[pointer] = null;
        return true;
    }

    /// <summary>Finds what stands where a reference leads, or on the way there, and what the library may take by its name.</summary>
    private bool Resolve(Reference reference)
    {
        var text = reference.Node.Text;
        for (var pointer = Target(text).AsSpan(); pointer.Length > 0; pointer = pointer[..pointer.LastIndexOf('/')])
        {
            if (!_lookup.TryGetValue(pointer, out var next)) continue;
            if (next is null) return RefuseTarget(reference);
            reference.ByPlace = next;
            break;
        }

        // The library may look for the last name among the components of the kind that it expects here, whatever stands before it
        var name = Plain(text[(text.LastIndexOf('/') + 1)..]);
        if (!_byPointer.TryGetValue($"/components/{Plain(reference.Kind)}/{name}", out var named)) return true;
        reference.ByName = named;
        return named is not null || RefuseTarget(reference);
    }

    private bool Follow()
    {
        var work = 0L;
        foreach (var reference in _references)
        {
            var hops = Hops(reference);
            work += (long)hops * hops;
            if (hops > MostHops || work > MostWork)
                return Refuse(
                    reference.Node.Place,
                    hops > MostHops
                        ? $"more than {MostHops} references follow each other from here"
                        : "too many references of the contract lead to references",
                    "refer to what is meant, not to another reference");
        }

        return true;
    }

    /// <summary>How many references follow each other; a circle ends where it closes.</summary>
    private int Hops(Reference from)
    {
        if (_seen.Count > MostHops || _seen.Contains(from)) return _seen.Count;
        _seen.Add(from);
        var hops = _seen.Count;
        if (from.ByPlace is not null) hops = Math.Max(hops, Hops(from.ByPlace));
        if (from.ByName is not null) hops = Math.Max(hops, Hops(from.ByName));
        _seen.RemoveAt(_seen.Count - 1);
        return hops;
    }

    /// <summary>The pointer of a reference, whatever document it names: it might be this one.</summary>
    private static string Target(string reference)
    {
        var hash = reference.IndexOf('#', StringComparison.Ordinal);
        return hash < 0 || hash + 1 == reference.Length || reference[hash + 1] != '/' ? "" : Plain(reference[(hash + 1)..]);
    }

    /// <summary>Without escapes, so that no two ways to write a pointer are taken for two places.</summary>
    private static string Plain(string pointer) =>
        Uri.UnescapeDataString(pointer).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    private bool RefuseTarget(Reference reference) => Refuse(
        reference.Node.Place,
        "more than one reference stands where this one leads, as far as names with slashes or escapes can tell",
        "refer to what is meant, not to another reference");

    private bool Refuse(Place place, string message, string? hint = null)
    {
        _findings.Add(Rules.UnusableFile, place, message, hint);
        return false;
    }

    /// <param name="kind">Of which components this is one; of schemas, which are most, when it stands somewhere else.</param>
    private sealed class Reference(ScalarNode node, string kind)
    {
        public ScalarNode Node { get; } = node;

        public string Kind { get; } = kind;

        /// <summary>The reference to which the pointer leads, or null.</summary>
        public Reference? ByPlace { get; set; }

        /// <summary>The component of the name with which the pointer ends, when it is a reference; or null.</summary>
        public Reference? ByName { get; set; }
    }
}
