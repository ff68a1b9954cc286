using Gatehouse.Routes;

namespace Gatehouse.Upstreams;

/// <summary>
/// What forwarding has to know of a route: kept beside what else an exchange needs of it, so that the whole route need not come into the processor's
/// cache.
/// </summary>
/// <param name="Deadline">From the request's head to the response's end; null for none.</param>
/// <param name="MayUpgrade">Whether the exchange may become another protocol's.</param>
internal readonly record struct ForwardTerms(TimeSpan? Deadline, bool MayUpgrade)
{
    public static ForwardTerms Of(Route route) => new(route.Deadline, route.Upgrade is not null);
}
