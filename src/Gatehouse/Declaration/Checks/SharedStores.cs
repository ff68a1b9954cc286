using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration.Checks;

/// <summary>What is shared has a store, what a store holds cannot be read there, and a store that is declared is used.</summary>
internal static class SharedStores
{
    public static void Check(Draft draft)
    {
        CheckPostgres(draft);
        var redis = draft.Root.Stores?.Redis;
        var (uses, personal) = (false, false);
        foreach (var route in draft.Routes)
        {
            foreach (var kind in draft.Kinds)
            {
                foreach (var use in kind.StoreUses(route.Specs))
                {
                    (uses, personal) = (true, personal || use.IsPersonal);
                    if (use.IsWritten && redis is null)
                        draft.Findings.Add(Rules.MissingKey, use.Place, $"route {route.Id} has a limit that instances share, but they share no store",
                            "declare stores: { redis: { addresses: [\"HOST:PORT\"], instances: N } }, or leave 'shared' out");
                }
            }
        }

        if (redis is not { } store) return;
        CheckCleartext(store.Value, draft.Findings);
        if (!uses)
            draft.Findings.Add(
                Rules.Unused, store.Place, "no limit is shared, so the redis store holds nothing", "remove it, or let a limit be shared");
        if (personal && !store.Value.Has(RedisSection.Pepper) && !draft.Root.SaysKeys)
            draft.Findings.Add(Rules.MissingKey, store.Place,
                "callers are named in the redis store by digests that anybody could guess, because they are made without a secret",
                "make one with: gatehouse key init FILE; then write pepper: \"file:FILE\"");
    }

    private static void CheckPostgres(Draft draft)
    {
        if (draft.Root.Stores?.Postgres is { } store && draft.Root.Register is not { Store.Value: RegisterPlace.Postgres }
            && draft.Root.Audit is not { Value.Store.Value: AuditSection.InPostgres })
            draft.Findings.Add(Rules.Unused, store.Place, "nothing is kept in the postgres store", "remove it");
    }

    private static void CheckCleartext(SectionReader redis, Findings findings)
    {
        if (redis.Get(RedisSection.Tls, false)) return;
        foreach (var address in redis.Get(RedisSection.Addresses) ?? [])
            if (!StoreAddressShape.IsLoopback(address.Value))
                findings.Add(Rules.CleartextUpstream, address.Place,
                    $"what instances share would go over the network to {Show.Bounded(address.Value)} in cleartext", "tls: true");
    }
}
