using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary>An entry of <c>include</c>.</summary>
internal static class IncludeSection
{
    public static readonly Key<string> File = new("file", DecisionShapes.File(), "The file, relative to this one.") { Required = true };
    public static readonly Key<Bounds> Bounds = new(
        "bounds",
        BoundsSection.Shape,
        "What the file, and every file that it includes, may say; what is outside is an error at its line.");

    public static readonly Shape<IncludeText> Shape = new Section<IncludeText>("an include", [File, Bounds],
        text => (text.Find(File), text.Get(Bounds)) is ({ } file, var bounds) ? new IncludeText(file, bounds) : null);
}

/// <param name="Bounds">Null for none.</param>
internal sealed record IncludeText(Located<string> File, Bounds? Bounds);

/// <summary><c>bounds</c> of an include.</summary>
internal static class BoundsSection
{
    public static readonly Key<IReadOnlyList<string>> Paths = new(
        "paths",
        Shapes.List(Prefix(), 1, 200),
        "The beginnings of paths that its routes may have, by whole segments; without it, any.");
    public static readonly Key<IReadOnlyList<Exposure>> Exposures = new(
        "exposures",
        Shapes.List(DecisionShapes.Exposure(), 1, 4),
        "The exposures that its routes may have; without it, any.");
    public static readonly Key<IReadOnlyList<string>> Upstreams = new(
        "upstreams",
        Shapes.List(Shapes.Name(), 1, 200),
        "The upstreams that its routes may use and that it may declare; without it, any.");
    public static readonly Key<IReadOnlyList<string>> Consumers = new(
        "consumers",
        Shapes.List(Shapes.Name(), 1, 200),
        "The consumers that it may declare; without it, none.");

    public static readonly Key<IReadOnlyList<string>> Secrets = new(
        "secrets",
        Shapes.List(SecretReference.Shape, 1, 200),
        "The secrets and private keys that it may name: file:PATH, relative to the file with these bounds, or env:NAME; without it, none.");

    public static readonly Shape<Bounds> Shape = new Section<Bounds>("bounds", [Paths, Exposures, Upstreams, Consumers, Secrets], Read);

    private static Bounds? Read(SectionReader text)
    {
        if (text.Has(Paths) || text.Has(Exposures) || text.Has(Upstreams) || text.Has(Consumers) || text.Has(Secrets))
            return new Bounds(
                text.Get(Paths),
                text.Get(Exposures)?.ToHashSet(),
                text.Get(Upstreams)?.ToHashSet(StringComparer.Ordinal),
                text.Get(Consumers) ?? [],
                text.Get(Secrets)?.Select(s => SecretReference.From(text.Place.File, s)).ToHashSet(StringComparer.Ordinal) ?? [],
                text.Place);
        text.Findings.Add(
            Rules.MissingKey,
            text.Place,
            "bounds need 'paths', 'exposures', 'upstreams', 'consumers' or 'secrets'",
            "leave 'bounds' out where a file may say everything");
        return null;
    }

    private static Shape<string> Prefix() => Shapes.Parsed<string>("the beginning of a path such as /orders, without names and without a slash at its end",
        "^(/[A-Za-z0-9._~!$&'()*,=:@%-]+)+$",
        (ScalarNode node, out string value) =>
            PathTemplate.TryParse(value = node.Text, out var path, out _)
            && path.Segments.All(s => s is { Kind: SegmentKind.Literal, Prefix.Length: > 0 }));
}

/// <summary>What an included file may say. Null means that nothing of the kind is bounded.</summary>
/// <param name="Consumers">What the file may declare: rights are given away by name only.</param>
/// <param name="Secrets">What the file may name, as <see cref="SecretReference.From"/> has it: what it names goes where it says.</param>
internal sealed record Bounds(
    IReadOnlyList<string>? Paths,
    IReadOnlySet<Exposure>? Exposures,
    IReadOnlySet<string>? Upstreams,
    IReadOnlyList<string> Consumers,
    IReadOnlySet<string> Secrets,
    Place Place);
