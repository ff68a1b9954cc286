namespace Gatehouse.Routes;

internal enum SegmentKind
{
    /// <summary>Exactly this text.</summary>
    Literal,

    /// <summary>A name with text before or after it: <c>{id}.json</c>, <c>v{version}</c>. The name stands for at least one character.</summary>
    Affixed,

    /// <summary>A name alone: one segment that is not empty.</summary>
    Name,

    /// <summary>A final name for everything that is left, at least one character: <c>{rest**}</c>.</summary>
    Rest,
}

/// <summary>What stands between two slashes of a template.</summary>
/// <param name="Name">The parameter's name; null for a literal.</param>
/// <param name="Prefix">The literal's text, or what stands before the name.</param>
/// <param name="Suffix">What stands after the name.</param>
internal readonly record struct Segment(SegmentKind Kind, string? Name, string Prefix, string Suffix)
{
    /// <summary>Whether this segment, which is no rest, stands for the given segment of a path in normal form.</summary>
    public bool Matches(ReadOnlySpan<char> text) => Kind switch
    {
        SegmentKind.Literal => text.SequenceEqual(Prefix),
        SegmentKind.Affixed => text.Length > Prefix.Length + Suffix.Length && text.StartsWith(Prefix) && EndsWith(text, Suffix),
        SegmentKind.Name => text.Length > 0,
        SegmentKind.Rest => throw new InvalidOperationException("a rest stands for more than one segment"),
    };

    /// <summary>
    /// Whether the text ends in the suffix and the suffix does not begin inside a percent-encoded octet: <c>{id}0</c> is not <c>a%20</c>.
    /// </summary>
    public static bool EndsWith(ReadOnlySpan<char> text, ReadOnlySpan<char> suffix) =>
        text.EndsWith(suffix) && IsBoundary(text, text.Length - suffix.Length);

    /// <summary>Whether a text in normal form can be cut at this index without cutting a percent-encoded octet in two.</summary>
    public static bool IsBoundary(ReadOnlySpan<char> text, int at) =>
        at >= text.Length || !((at >= 1 && text[at - 1] == '%') || (at >= 2 && text[at - 2] == '%'));
}
