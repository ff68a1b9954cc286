using System.Diagnostics.CodeAnalysis;

namespace Gatehouse.Routes;

/// <summary>
/// A path with names in it: <c>/orders/{orderId}</c>, <c>/files/{id}.json</c>, <c>/docs/{path**}</c>. Compared with a request's path in its
/// one normal form (RFC 3986 section 6.2.2): case-sensitive, a trailing slash is significant (it is a last segment that is empty).
/// </summary>
internal sealed record PathTemplate(string Text, IReadOnlyList<Segment> Segments)
{
    /// <summary>The most segments that a template or a path that is matched may have.</summary>
    public const int MostSegments = 64;

    /// <summary>The most characters that a template may have.</summary>
    public const int MostCharacters = 2000;

    /// <summary>Whether it stands for every path, or for every one of so many segments and more: a rest with nothing but names before it.</summary>
    public bool TakesEverything => Segments[^1].Kind == SegmentKind.Rest && Segments.All(s => s.Kind is SegmentKind.Name or SegmentKind.Rest);

    /// <summary>
    /// Reads a template. Its literals have to be in normal form already: what is declared is then, letter by letter, what is compared.
    /// </summary>
    /// <param name="why">What is wrong, to be read after "the path '…':"; null when nothing is.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out PathTemplate? template, [NotNullWhen(false)] out string? why) =>
        PathTemplateParser.TryParse(text, out template, out why);

    public override string ToString() => Text;
}
