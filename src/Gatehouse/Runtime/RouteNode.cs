using System.Diagnostics.CodeAnalysis;
using Gatehouse.Routes;

namespace Gatehouse.Runtime;

/// <summary>A node of a table's tree, made for searching: each step is a look-up by a piece of the path, without copying it.</summary>
internal sealed class RouteNode
{
    private readonly SpanMap<RouteNode> _literals;

    private RouteNode(SpanMap<RouteNode> literals) => _literals = literals;

    /// <summary>The steps that lead from here to <see cref="OnlyHere"/>, where that is all there is below: a search makes them at once.</summary>
    public RouteTail? Tail { get; private init; }

    /// <summary>The one route whose path ends here, where it asks for nothing else: a search looks no further.</summary>
    public CompiledRoute? OnlyHere { get; private init; }

    public ref readonly SpanMap<RouteNode> Literals => ref _literals;

    public AffixedSteps? Affixed { get; private init; }

    public RouteNode? Name { get; private init; }

    /// <summary>The routes for everything that is left from here.</summary>
    public RouteChoices? Rest { get; private init; }

    /// <summary>The routes whose path ends here, unless there is one that asks for nothing else.</summary>
    public RouteChoices? Here { get; private init; }

    public static RouteNode Compile(PathNode node, TableParts parts)
    {
        if (TailOf(node, parts) is var (tail, route)) return new RouteNode(default) { Tail = tail, OnlyHere = route };
        var here = node.Routes.Count > 0 ? RouteChoices.Compile(node.Routes, parts.Routes) : null;
        return new RouteNode(Compile(node.Literals, parts))
        {
            Affixed = node.Affixed is { } affixed ? AffixedSteps.Compile(affixed, parts) : null,
            Name = node.Name is { } name ? Compile(name, parts) : null,
            Rest = node.Rest is { } rest ? RouteChoices.Compile(rest.Routes, parts.Routes) : null,
            Here = here?.Only is null ? here : null,
            OnlyHere = here?.Only,
        };
    }

    /// <summary>
    /// The way from a node to its only route, where there is neither a choice on the way nor one at its end; null otherwise. A node for each step
    /// would be a place in memory for each, and most of ten thousand routes are alone below their first literal.
    /// </summary>
    private static (RouteTail Tail, CompiledRoute Route)? TailOf(PathNode node, TableParts parts)
    {
        List<string?> steps = [];
        while (node is { Routes.Count: 0, Affixed: null, Rest: null })
        {
            if (node is { Name: { } name, Literals: null })
            {
                steps.Add(null);
                node = name;
            }
            else if (node is { Name: null, Literals: { Count: 1 } literals })
            {
                (var text, node) = literals.First();
                steps.Add(text);
            }
            else
            {
                return null;
            }
        }

        if (steps.Count == 0 || node is not { Affixed: null, Rest: null, Name: null, Literals: null }) return null;
        return RouteChoices.Compile(node.Routes, parts.Routes).Only is { } only ? (parts.Same(steps), only) : null;
    }

    private static SpanMap<RouteNode> Compile(Dictionary<string, PathNode>? literals, TableParts parts)
    {
        if (literals is null) return default;
        var map = new SpanMap<RouteNode>(literals.Count);
        foreach (var (text, next) in literals) map.Add(parts.Same(text), Compile(next, parts));
        return map;
    }
}

/// <summary>Steps without a choice: texts that the segments have to be, and null for a segment that only has to be there.</summary>
internal sealed record RouteTail(string?[] Steps);

/// <summary>What a table is compiled from.</summary>
internal sealed class TableParts(CompiledRoute[] routes)
{
    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RouteTail> _tails = new(StringComparer.Ordinal);

    public CompiledRoute[] Routes { get; } = routes;

    /// <summary>
    /// One text for all that read the same, such as the <c>orders</c> that many paths have in common: it stays in the processor's cache.
    /// </summary>
    public string Same(string text)
    {
        if (_texts.TryGetValue(text, out var same)) return same;
        _texts.Add(text);
        return text;
    }

    /// <summary>One tail for all routes that have the same.</summary>
    public RouteTail Same(List<string?> steps)
    {
        var identity = string.Join('/', steps.Select(s => s ?? "{}")); // no literal has a brace or a slash
        if (_tails.TryGetValue(identity, out var same)) return same;
        _tails.Add(identity, same = new RouteTail([.. steps]));
        return same;
    }
}

/// <summary>The steps over segments with text around a name: by prefix, then by suffix, so that many of them cost no more than few.</summary>
/// <param name="PrefixLengths">The lengths that occur, longest first.</param>
internal sealed record AffixedSteps(int[] PrefixLengths, SpanMap<SuffixSteps> ByPrefix)
{
    public static AffixedSteps Compile(Dictionary<Segment, PathNode> affixed, TableParts parts)
    {
        var byPrefix = affixed.GroupBy(a => a.Key.Prefix, StringComparer.Ordinal).ToList();
        var map = new SpanMap<SuffixSteps>(byPrefix.Count);
        foreach (var group in byPrefix)
        {
            var bySuffix = new SpanMap<RouteNode>(1);
            foreach (var (segment, next) in group) bySuffix.Add(segment.Suffix, RouteNode.Compile(next, parts));
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
/// routes are many, each place in memory that a search need not touch is time saved: so it is a part of its holder, and filled before it is handed
/// over.
/// </summary>
internal struct SpanMap<T>(int capacity)
{
    private string? _first;
    private T? _firstValue;
    private Dictionary<string, T>? _others;

    public void Add(string text, T value)
    {
        if (_first is null)
        {
            (_first, _firstValue) = (text, value);
            return;
        }

        _others ??= new Dictionary<string, T>(capacity, StringComparer.Ordinal);
        _others.Add(text, value);
    }

    public readonly bool TryGetValue(ReadOnlySpan<char> text, [MaybeNullWhen(false)] out T value)
    {
        if (_first is not null && text.SequenceEqual(_first))
        {
            value = _firstValue!;
            return true;
        }

        if (_others is not null) return _others.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out value);
        value = default;
        return false;
    }
}
