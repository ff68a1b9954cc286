using Gatehouse.Routes;

namespace Gatehouse.Inventory;

/// <summary>Which routes are asked for: everything that is named has to hold, of the values of one kind any.</summary>
internal sealed record InventoryFilter
{
    public IReadOnlyCollection<Exposure> Exposures { get; init; } = [];

    public IReadOnlyCollection<Effect> Effects { get; init; } = [];

    public IReadOnlyCollection<PersonalData> PersonalData { get; init; } = [];

    public IReadOnlyCollection<LifecycleStage> Stages { get; init; } = [];

    public IReadOnlyCollection<string> Apis { get; init; } = [];

    public IReadOnlyCollection<string> Owners { get; init; } = [];

    /// <summary>Routes that let one of these through.</summary>
    public IReadOnlyCollection<string> Consumers { get; init; } = [];

    public IReadOnlyCollection<string> Listeners { get; init; } = [];

    public IReadOnlyCollection<string> Upstreams { get; init; } = [];

    /// <summary>Only routes that let somebody through who is nobody.</summary>
    public bool Anonymous { get; init; }

    /// <summary>Only routes with a rule set aside.</summary>
    public bool Waived { get; init; }

    /// <summary>Only routes whose review is due.</summary>
    public bool ReviewDue { get; init; }

    public bool Takes(RouteEntry entry) =>
        Has(Exposures, entry.Route.Exposure)
        && Has(Effects, entry.Route.Effect)
        && Has(PersonalData, entry.Route.PersonalData)
        && Has(Stages, entry.Stage)
        && Has(Apis, entry.Api) && Has(Owners, entry.Route.Owner)
        && (Upstreams.Count == 0 || entry.Upstreams.Any(Upstreams.Contains))
        && (Consumers.Count == 0 || Consumers.Any(entry.Admits))
        && (Listeners.Count == 0 || entry.Listeners.Any(l => Listeners.Contains(l.Name)))
        && (!Anonymous || entry.IsAnonymous) && (!Waived || entry.Route.Waivers.Count > 0) && (!ReviewDue || entry.IsReviewDue);

    private static bool Has<T>(IReadOnlyCollection<T> asked, T value) => asked.Count == 0 || asked.Contains(value);
}
