using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Cors;

/// <summary>Routes that declare <c>cors</c> have it, for their method or against it; of upgraded routes, all.</summary>
internal sealed class CorsKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "cors";

    private static readonly Key<CorsSpec> Cors = new("cors", CorsSpec.Shape,
        "Which sites' scripts may call from browsers and read the answers. It keeps nobody else from calling: that is for 'access'. Of a route with 'upgrade': the 'origins' whose pages may open a connection; none unless written.");

    public override IReadOnlyList<Key> Keys { get; } = [Cors];

    public override object? Read(RouteSource source) => source.Find(Cors)?.Value;

    public override void Check(Route route, Findings findings)
    {
        if (SpecOf<CorsSpec>(route) is not { } spec || !spec.Covers(route.Match.Method)) return;
        if (spec.IsForEverybody && (string.IsNullOrWhiteSpace(route.Access.Anonymous) || route.PersonalData != PersonalData.None))
            findings.Add(Rules.CrossOrigin, spec.Place,
                $"scripts of every site could read the answers of route {route.Id}, which {WhyNot(route)}", "name the sites in 'origins'");
        if (route.Upgrade is null && route.Match.Headers.Count > 0)
            findings.Add(Rules.Contradiction, spec.Place,
                $"route {route.Id} asks for header fields that no preflight carries, so that browsers could not call it",
                "tell the routes apart by their paths");
        if (route.Upgrade is not null && spec.SaysMoreThanOrigins)
            findings.Add(Rules.Contradiction, spec.Place,
                $"browsers open connections such as those of route {route.Id} without asking first, and only 'origins' means something for them",
                "write cors: { origins: [...] } in the route itself");
    }

    /// <summary>A method that nobody serves is a mistake: somebody believes that it is open, or closed.</summary>
    public override void CheckTogether(IReadOnlyList<Route> routes, Findings findings)
    {
        foreach (var sharing in routes.Where(r => SpecOf<CorsSpec>(r) is not null).GroupBy(r => SpecOf<CorsSpec>(r)!.Place))
        {
            foreach (var method in SpecOf<CorsSpec>(sharing.First())!.Methods)
                if (sharing.All(r => r.Match.Method != method))
                    findings.Add(Rules.Contradiction, sharing.Key, $"'cors' opens {method}, but none of its routes has this method",
                        "name methods of its routes, or leave 'methods' out");
        }
    }

    public override Policy? Compile(Route route, CompileContext context)
    {
        var said = SpecOf<CorsSpec>(route);
        var spec = said is not null && said.Covers(route.Match.Method) ? said : null;
        if (route.Upgrade is not null) return new HandshakePolicy(spec?.Origins ?? []);
        if (spec is not null) return new CorsPolicy(spec, route.Match.Method);
        return said is null ? null : new ClosedPolicy();
    }

    private static string WhyNot(Route route) =>
        route.PersonalData != PersonalData.None ? "touches personal data" : "is not for everybody";
}
