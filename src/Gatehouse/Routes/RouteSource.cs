using Gatehouse.Configuration;

namespace Gatehouse.Routes;

/// <summary>
/// The text of one route together with what its api gives to every route. A key is looked for in the route, then in the api's <c>each</c>,
/// then in the api itself.
/// </summary>
/// <param name="waivers">What the route sets aside; null for nothing.</param>
internal sealed class RouteSource(SectionReader route, SectionReader? each, SectionReader api, string id, RouteWaivers? waivers = null)
{
    /// <summary>The route's id, for findings.</summary>
    public string Id { get; } = id;

    public Findings Findings => route.Findings;

    /// <summary>Where the route begins.</summary>
    public Place Place => route.Place;

    /// <summary>The value nearest to the route, with its place; null when nobody gives one.</summary>
    public Located<T>? Find<T>(Key<T> key)
    {
        if (route.Has(key)) return route.Find(key);
        if (each is not null && each.Has(key)) return each.Find(key);
        return api.Has(key) ? api.Find(key) : null;
    }

    /// <summary>The values that the route, the <c>each</c> of its api and the api give, the nearest first.</summary>
    public IEnumerable<Located<T>> FindAll<T>(Key<T> key)
    {
        foreach (var level in (SectionReader?[])[route, each, api])
            if (level is not null && level.Has(key) && level.Find(key) is { } found) yield return found;
    }

    /// <summary>The value that the route itself gives; null when it gives none.</summary>
    public Located<T>? FindOwn<T>(Key<T> key) => route.Has(key) ? route.Find(key) : null;

    public bool Has(Key key) => route.Has(key) || (each?.Has(key) ?? false) || api.Has(key);

    /// <summary>Complains about the route, unless the rule can be set aside and the route does so.</summary>
    public void Complain(Rule rule, Place place, string message, string? hint = null)
    {
        if (waivers?.Cover(rule) != true) Findings.Add(rule, place, message, hint);
    }

    /// <summary>Where the key is given, or where the route begins.</summary>
    public Place PlaceOf(Key key) =>
        route.Has(key) ? route.PlaceOf(key) : each is not null && each.Has(key) ? each.PlaceOf(key) : api.Has(key) ? api.PlaceOf(key) : route.Place;
}
