using Gatehouse.Configuration;

namespace Gatehouse.Routes;

/// <summary>A second upstream that gets a part of a route's calls, until it fails too often.</summary>
/// <param name="Upstream">The name of the second upstream.</param>
/// <param name="Share">How many of the calls it gets.</param>
/// <param name="Sticky">Whose calls all go the same way.</param>
/// <param name="Cookie">The cookie whose value decides; null unless <paramref name="Sticky"/> says so.</param>
internal sealed record Canary(string Upstream, Share Share, Stickiness Sticky, string? Cookie, Reversion Revert);

/// <summary>When no more calls are sent to a canary.</summary>
/// <param name="Errors">The share of its calls that may fail.</param>
/// <param name="Window">Over how long that is looked at.</param>
/// <param name="Least">How many calls there have to be, so that one failure is no share.</param>
/// <param name="Pause">For how long it gets none; null until a declaration is loaded anew.</param>
internal sealed record Reversion(Share Errors, TimeSpan Window, int Least, TimeSpan? Pause)
{
    public static Reversion Usual { get; } = new(Share.Percent(10), TimeSpan.FromMinutes(1), 20, null);
}

/// <summary>Whose calls all go to the same of two upstreams.</summary>
internal enum Stickiness
{
    /// <summary>Nobody's: each call is drawn for itself.</summary>
    None,

    Consumer,
    Person,
    Address,

    /// <summary>Those with the same value of a cookie.</summary>
    Cookie,
}

/// <summary>Where copies of a route's requests go, whose answers nobody reads.</summary>
/// <param name="Upstream">The name of the upstream that gets them.</param>
/// <param name="Share">Of how many requests.</param>
/// <param name="AtOnce">How many may be under way at once; further ones are left out.</param>
/// <param name="Timeout">How long one may take.</param>
internal sealed record Mirroring(string Upstream, Share Share, int AtOnce, TimeSpan Timeout);
