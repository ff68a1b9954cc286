using Gatehouse.Configuration;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>lifecycle</c>: from a route's deprecation to its end.</summary>
internal static class LifecycleSection
{
    public static readonly Key<DateTimeOffset> Deprecated = new(
        "deprecated",
        Shapes.Instant(),
        "From when callers are told to go elsewhere: a day (00:00:00 UTC) or an instant.");
    public static readonly Key<DateTimeOffset> Sunset = new(
        "sunset",
        Shapes.Instant(),
        "From when the route answers 410 and nothing else: a day (00:00:00 UTC) or an instant.");

    public static readonly Key<string> Successor = new("successor", Shapes.Parsed<string>("a route: get-order of the same api, or orders/get-order",
        "^[a-z][a-z0-9-]{0,63}(/[a-z][a-z0-9-]{0,63})?$",
        (ScalarNode node, out string value) => (value = node.Text).Split('/') is { Length: 1 or 2 } names && names.All(Shapes.IsName)),
        "The route that takes its place.");

    public static readonly Key<string> Documentation = new("documentation", Shapes.WebAddress(), "Where people read about the change.");

    public static readonly Shape<LifecycleText> Shape = new Section<LifecycleText>(
        "a lifecycle",
        [Deprecated, Sunset, Successor, Documentation],
        Read);

    private static LifecycleText Read(SectionReader text)
    {
        if (!text.Has(Deprecated) && !text.Has(Sunset))
            text.Findings.Add(
                Rules.MissingKey,
                text.Place,
                "a lifecycle needs 'deprecated' or 'sunset'",
                "leave 'lifecycle' out where no end is in sight");
        return new LifecycleText(
            text.Find(Deprecated),
            text.Find(Sunset),
            text.Find(Successor),
            text.Get(Documentation),
            text.Has(Sunset) || text.Has(Successor),
            text.Place);
    }
}

/// <param name="LeadsOn">Whether an end or a successor stands there at all, read or not.</param>
internal sealed record LifecycleText(
    Located<DateTimeOffset>? Deprecated,
    Located<DateTimeOffset>? Sunset,
    Located<string>? Successor,
    string? Documentation,
    bool LeadsOn,
    Place Place);
