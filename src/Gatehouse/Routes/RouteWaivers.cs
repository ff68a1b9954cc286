using Gatehouse.Configuration;

namespace Gatehouse.Routes;

/// <summary>The rules that one route sets aside, and which of them were needed.</summary>
/// <param name="today">The day (UTC) on which the waivers have to hold.</param>
internal sealed class RouteWaivers(IReadOnlyList<Waiver> waivers, DateOnly today)
{
    private readonly HashSet<Waiver> _needed = [];

    public IReadOnlyList<Waiver> All => waivers;

    /// <summary>Waivers whose rule nothing would have broken.</summary>
    public IEnumerable<Waiver> Unneeded => waivers.Where(w => !_needed.Contains(w));

    /// <summary>Whether a waiver in force sets the rule aside.</summary>
    public bool Cover(Rule rule)
    {
        if (!rule.Waivable) return false;
        foreach (var waiver in waivers)
        {
            if (waiver.Rule != rule.Id) continue;
            _needed.Add(waiver);
            if (waiver.Until > today) return true;
        }

        return false;
    }
}
