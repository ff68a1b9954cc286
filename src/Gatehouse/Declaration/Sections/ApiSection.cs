using Gatehouse.Configuration;
using Gatehouse.Pipeline;

namespace Gatehouse.Declaration.Sections;

/// <summary>An entry of <c>apis</c>: routes that belong together, and what is the same for all of them.</summary>
internal sealed class ApiSection
{
    public static readonly Key<string> Contract = new(
        "contract",
        DecisionShapes.File(),
        "The OpenAPI document (3.0, 3.1 or 3.2, JSON or YAML) that the routes serve; 'operation' refers to it, and check compares both.");

    /// <summary>What an api says besides what it gives to every route, and besides its routes.</summary>
    public static readonly IReadOnlyList<Key> OwnKeys =
        [Contract, new Key<string>("each", DecisionShapes.StillToCome(), "What holds for every route.")];

    private readonly IReadOnlyList<Key> _shared;
    private readonly Key<SectionReader> _each;
    private readonly Key<IReadOnlyList<Named<SectionReader>>> _routes;

    public ApiSection(IReadOnlyList<RoutePolicyKind> kinds)
    {
        _shared = RouteSection.Shared(kinds);
        _each = new("each", new Section<SectionReader>("each", _shared, text => text), "What holds for every route that does not say otherwise.");
        _routes = new("routes", Shapes.Map(RouteSection.Shape(kinds)), "The routes, by name.") { Required = true };
        Shape = new Section<ApiText>("an api", [.. _shared, Contract, _each, _routes], Read);
    }

    public Shape<ApiText> Shape { get; }

    private ApiText Read(SectionReader text)
    {
        var each = text.Get(_each);
        text.CheckAll(_shared); // every route may say otherwise, and then nobody reads these
        each?.CheckAll(_shared);
        return new ApiText(text, each, text.Find(Contract), text.Get(_routes) ?? []);
    }
}

/// <param name="Own">The api's own keys.</param>
/// <param name="Each">What it gives to every route, or null.</param>
internal sealed record ApiText(SectionReader Own, SectionReader? Each, Located<string>? Contract, IReadOnlyList<Named<SectionReader>> Routes);
