using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Runtime;

/// <summary>One search of one method's tree for one exchange: strongest steps first, and back where they lead nowhere.</summary>
internal ref struct RouteSearch(Exchange exchange, ReadOnlySpan<int> starts)
{
    private readonly Exchange _exchange = exchange;
    private readonly ReadOnlySpan<char> _path = exchange.Path;
    private readonly ReadOnlySpan<int> _starts = starts;
    private bool _conditionsCount;

    /// <summary>The route that was found, or null.</summary>
    public CompiledRoute? Route { get; private set; }

    /// <summary>Of a search for a path: whether some route that the client may know of has it and the host, whatever else it asks for.</summary>
    public bool IsPathServed { get; private set; }

    /// <summary>Whether the search ended at a route whose conditions cannot be judged.</summary>
    public bool IsUnclear { get; private set; }

    /// <summary>
    /// Finds where the segments of a path begin, and as one more where the next would. Returns how many there are; 0 when the path does not begin
    /// with a slash or has more than fit.
    /// </summary>
    public static int Split(ReadOnlySpan<char> path, Span<int> starts)
    {
        if (!path.StartsWith('/')) return 0;
        var count = 0;
        for (var at = 0; ; count++)
        {
            if (count == starts.Length - 1) return 0;
            starts[count] = at + 1;
            var length = path[(at + 1)..].IndexOf('/');
            if (length < 0) break;
            at += length + 1;
        }

        starts[++count] = path.Length + 1;
        return count;
    }

    public void FindRoute(RouteNode root)
    {
        _conditionsCount = true;
        Walk(root, 0);
    }

    public void FindPath(RouteNode root)
    {
        _conditionsCount = false;
        Walk(root, 0);
    }

    /// <summary>Whether the search is over.</summary>
    private bool Walk(RouteNode node, int depth)
    {
        if (node.Tail is { } tail) return Follow(tail.Steps, depth) && Arrive(node.OnlyHere!);
        if (depth == _starts.Length - 1)
            return node.OnlyHere is { } one ? Arrive(one) : node.Here is { } here && Choose(here);

        var segment = _path[_starts[depth]..(_starts[depth + 1] - 1)];
        if (node.Literals.TryGetValue(segment, out var next) && Walk(next, depth + 1)) return true;
        if (node.Affixed is { } affixed && WalkAffixed(affixed, segment, depth)) return true;
        if (node.Name is { } name && segment.Length > 0 && Walk(name, depth + 1)) return true;
        return node.Rest is { } rest && _starts[depth] < _path.Length && (rest.Only is { } only ? Arrive(only) : Choose(rest));
    }

    private readonly bool Follow(string?[] steps, int depth)
    {
        if (_starts.Length - 1 - depth != steps.Length) return false;
        for (var i = 0; i < steps.Length; i++, depth++)
        {
            var segment = _path[_starts[depth]..(_starts[depth + 1] - 1)];
            if (steps[i] is { } text ? !segment.SequenceEqual(text) : segment.IsEmpty) return false;
        }

        return true;
    }

    /// <summary>Longer prefixes first, then longer suffixes: what extends another comes before it.</summary>
    private bool WalkAffixed(AffixedSteps affixed, ReadOnlySpan<char> segment, int depth)
    {
        foreach (var prefix in affixed.PrefixLengths)
        {
            if (prefix >= segment.Length || !affixed.ByPrefix.TryGetValue(segment[..prefix], out var suffixes)) continue;
            foreach (var suffix in suffixes.Lengths)
            {
                var end = segment.Length - suffix;
                if (end <= prefix || !Segment.IsBoundary(segment, end)) continue;
                if (suffixes.BySuffix.TryGetValue(segment[end..], out var next) && Walk(next, depth + 1)) return true;
            }
        }

        return false;
    }

    private bool Arrive(CompiledRoute only)
    {
        if (!_conditionsCount) return IsPathServed = !only.IsHiddenFrom(_exchange);
        Route = only;
        return true;
    }

    private bool Choose(RouteChoices choices) => Choose(choices.ForHost(_exchange.Host)) || Choose(choices.ForAnyHost);

    private bool Choose(ReadOnlySpan<RouteChoice> choices)
    {
        if (choices.Length == 0) return false;
        if (!_conditionsCount)
        {
            foreach (var choice in choices)
                if (!choice.Route.IsHiddenFrom(_exchange)) return IsPathServed = true;
            return false;
        }

        foreach (var choice in choices)
        {
            switch (choice.Judge(_exchange))
            {
                case Judgement.Met:
                    Route = choice.Route;
                    return true;
                case Judgement.Unclear:
                    IsUnclear = true;
                    return true; // a weaker route must not be reached by writing a condition's name twice
                case Judgement.NotMet:
                    break;
            }
        }

        return false;
    }
}
