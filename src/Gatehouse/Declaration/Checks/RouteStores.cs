using Gatehouse.Configuration;

namespace Gatehouse.Declaration.Checks;

/// <summary>What has to outlive the gateway has a place.</summary>
internal static class RouteStores
{
    public static void Check(Draft draft)
    {
        if (draft.Root.Stores?.Sqlite is not null || (draft.Root.SaysStores && draft.Root.Stores is null)) return;
        foreach (var route in draft.Routes)
            foreach (var kind in draft.Kinds)
                if (kind.OutlivesAt(route.Specs) is { } place)
                    draft.Findings.Add(Rules.UnknownReference, place, $"route {route.Id} has a quota, and the declaration names no file to keep it in",
                        "at the top of the declaration: stores: { sqlite: gatehouse.db }; or let instances share it: shared: leased");
    }
}
