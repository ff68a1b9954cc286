using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration.Checks;

/// <summary>A register is in a store that is declared and sealed under a secret; keys that are issued have a register to be in.</summary>
internal static class Registers
{
    public static void Check(Draft draft)
    {
        if (draft.Root.Register is { } register) CheckStore(register, draft);
        if (draft.Root.SaysRegister) return;
        foreach (var consumer in draft.Consumers.Values)
            foreach (var entry in consumer.Text.Get(ConsumerSection.Authenticate) ?? [])
                if (entry.ApiKey is { Value.Declared: null } issued)
                    draft.Findings.Add(Rules.MissingKey, issued.Place, $"keys are issued for {consumer.Name}, but there is no register to keep them in",
                        "at the top of the declaration: register: { store: sqlite, kept: gatehouse.kept }");
    }

    private static void CheckStore(RegisterText register, Draft draft)
    {
        var stores = draft.Root.Stores;
        var isThere = register.Store.Value == RegisterPlace.Sqlite ? stores?.Sqlite is not null : stores?.Postgres is not null;
        if (!isThere && (stores is not null || !draft.Root.SaysStores))
            draft.Findings.Add(Rules.UnknownReference, register.Store.Place,
                $"the register is to be in '{Word(register.Store.Value)}', which 'stores' does not name",
                register.Store.Value == RegisterPlace.Sqlite
                    ? "stores: { sqlite: gatehouse.db }" : "stores: { postgres: { connection: \"file:PATH\" } }");
        if (!draft.Root.SaysKeys)
            draft.Findings.Add(Rules.MissingKey, register.Store.Place, "a register is sealed under the pepper of API keys, and there is none",
                "make one with: gatehouse key init FILE; then write keys: { pepper: \"file:FILE\" }");
    }

    private static string Word(RegisterPlace place) => place == RegisterPlace.Sqlite ? "sqlite" : "postgres";
}
