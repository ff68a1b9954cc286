using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Services;

namespace Gatehouse.Policies.Authorize;

/// <summary>Routes that declare <c>authorize</c> have it.</summary>
internal sealed class AuthorizeKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "authorize";

    private static readonly Key<AuthorizeSpec> Authorize = new("authorize", AuthorizeSpec.Shape,
        "Which authoriser is asked whether a call may pass, after 'access' and 'limits', and about what. What it does not allow is refused.");

    public override IReadOnlyList<Key> Keys { get; } = [Authorize];

    public override object? Read(RouteSource source) => source.Find(Authorize)?.Value;

    public override Located<string>? AuthoriserOf(IReadOnlyDictionary<string, object> specs) => (specs.GetValueOrDefault(Name) as AuthorizeSpec)?.By;

    public override void Check(Route route, Findings findings)
    {
        if (SpecOf<AuthorizeSpec>(route) is not { ResourceId: var id }) return;
        if (ResourceId.TryCompile(id.Value, route.Match.Path.Segments, out _, out var why)) return;
        findings.Add(Rules.UnknownReference, id.Place, $"'{Show.Bounded(id.Value)}' is no resource of route {route.Id}: {why}",
            Nearest.Hint(id.Value.Trim('{', '}'), route.Match.Path.Segments.Select(s => s.Name).OfType<string>()));
    }

    public override Policy? Compile(Route route, CompileContext context)
    {
        if (SpecOf<AuthorizeSpec>(route) is not { } spec) return null;
        if (!ResourceId.TryCompile(spec.ResourceId.Value, route.Match.Path.Segments, out var id, out _)
            || !context.Authorisers.TryGetValue(spec.By.Value, out var authoriser))
            throw new InvalidOperationException($"route {route.Id} was not checked"); // nothing is served then
        var client = context.State.Get(KindName, authoriser.Identity, () => new AuthoriserClient(authoriser, context.Clock));
        return new AuthorizePolicy(spec, id, client);
    }
}
