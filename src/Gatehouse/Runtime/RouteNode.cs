using System.Diagnostics.CodeAnalysis;
using Gatehouse.Routes;

namespace Gatehouse.Runtime;

/// <summary>A node of a table's tree, made for searching: each step is a look-up by a piece of the path, without copying it.</summary>
internal sealed class RouteNode
{
    public SpanMap<RouteNode>? Literals { get; private init; }

    public AffixedSteps? Affixed { get; private init; }

    public RouteNode? Name { get; private init; }

    /// <summary>The routes for everything that is left from here.</summary>
    public RouteChoices? Rest { get; private init; }

    /// <summary>The routes whose path ends here.</summary>
    public RouteChoices? Here { get; private init; }

    public static RouteNode Compile(PathNode node, CompiledRoute[] routes) => new()
    {
        Literals = node.Literals is { } literals ? Compile(literals, routes) : null,
        Affixed = node.Affixed is { } affixed ? AffixedSteps.Compile(affixed, routes) : null,
        Name = node.Name is { } name ? Compile(name, routes) : null,
        Rest = node.Rest is { } rest ? RouteChoices.Compile(rest.Routes, routes) : null,
        Here = node.Routes.Count > 0 ? RouteChoices.Compile(node.Routes, routes) : null,
    };

    private static SpanMap<RouteNode> Compile(Dictionary<string, PathNode> literals, CompiledRoute[] routes)
    {
        var map = new SpanMap<RouteNode>(literals.Count);
        foreach (var (text, next) in literals) map.Add(text, Compile(next, routes));
        return map;
    }
}

/// <summary>The steps over segments with text around a name: by prefix, then by suffix, so that many of them cost no more than few.</summary>
/// <param name="PrefixLengths">The lengths that occur, longest first.</param>
internal sealed record AffixedSteps(int[] PrefixLengths, SpanMap<SuffixSteps> ByPrefix)
{
    public static AffixedSteps Compile(Dictionary<Segment, PathNode> affixed, CompiledRoute[] routes)
    {
        var byPrefix = affixed.GroupBy(a => a.Key.Prefix, StringComparer.Ordinal).ToList();
        var map = new SpanMap<SuffixSteps>(byPrefix.Count);
        foreach (var group in byPrefix)
        {
            var bySuffix = new SpanMap<RouteNode>(1);
            foreach (var (segment, next) in group) bySuffix.Add(segment.Suffix, RouteNode.Compile(next, routes));
            map.Add(group.Key, new SuffixSteps(LongestFirst(group.Select(a => a.Key.Suffix)), bySuffix));
        }

        return new AffixedSteps(LongestFirst(byPrefix.Select(g => g.Key)), map);
    }

    private static int[] LongestFirst(IEnumerable<string> texts) => [.. texts.Select(t => t.Length).Distinct().OrderDescending()];
}

/// <param name="Lengths">The lengths that occur, longest first.</param>
internal sealed record SuffixSteps(int[] Lengths, SpanMap<RouteNode> BySuffix);

/// <summary>
/// A dictionary by text that is asked with a piece of a longer text, ordinally. Most have one entry, which is kept beside the dictionary: where
/// routes are
/// many, each place in memory that a search need not touch is time saved.
/// </summary>
internal sealed class SpanMap<T>(int capacity)
{
    private string? _first;
    private T? _firstValue;
    private Dictionary<string, T>? _others;
    private Dictionary<string, T>.AlternateLookup<ReadOnlySpan<char>> _othersBySpan;

    public void Add(string text, T value)
    {
        if (_first is null)
        {
            (_first, _firstValue) = (text, value);
            return;
        }

        if (_others is null)
        {
            _others = new Dictionary<string, T>(capacity, StringComparer.Ordinal);
            _othersBySpan = _others.GetAlternateLookup<ReadOnlySpan<char>>();
        }

        _others.Add(text, value);
    }

    public bool TryGetValue(ReadOnlySpan<char> text, [MaybeNullWhen(false)] out T value)
    {
        if (_first is not null && text.SequenceEqual(_first))
        {
            value = _firstValue!;
            return true;
        }

        if (_others is not null) return _othersBySpan.TryGetValue(text, out value);
        value = default;
        return false;
    }
}
