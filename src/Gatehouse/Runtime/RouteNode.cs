using System.Diagnostics.CodeAnalysis;
using Gatehouse.Routes;

namespace Gatehouse.Runtime;

/// <summary>A node of a table's tree, made for searching: each step is a look-up by a piece of the path, without copying it.</summary>
internal sealed class RouteNode
{
    private readonly SpanMap<RouteNode> _literals;

    private RouteNode(SpanMap<RouteNode> literals) => _literals = literals;

    public ref readonly SpanMap<RouteNode> Literals => ref _literals;

    public AffixedSteps? Affixed { get; private init; }

    public RouteNode? Name { get; private init; }

    /// <summary>The routes for everything that is left from here.</summary>
    public RouteChoices? Rest { get; private init; }

    /// <summary>The routes whose path ends here, unless there is one that asks for nothing else.</summary>
    public RouteChoices? Here { get; private init; }

    /// <summary>The one route whose path ends here, where it asks for nothing else: a search looks no further.</summary>
    public CompiledRoute? OnlyHere { get; private init; }

    public static RouteNode Compile(PathNode node, TableParts parts)
    {
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

    private static SpanMap<RouteNode> Compile(Dictionary<string, PathNode>? literals, TableParts parts)
    {
        if (literals is null) return default;
        var map = new SpanMap<RouteNode>(literals.Count);
        foreach (var (text, next) in literals) map.Add(parts.Same(text), Compile(next, parts));
        return map;
    }
}

/// <summary>What a table is compiled from.</summary>
internal sealed class TableParts(CompiledRoute[] routes)
{
    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);

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
/// routes are
/// many, each place in memory that a search need not touch is time saved: so it is a part of its holder, and filled before it is handed over.
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
