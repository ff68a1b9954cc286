using Gatehouse.Configuration;

namespace Gatehouse.Declaration.Checks;

/// <summary>What is denied until an instant is denied: an entry whose time is over goes.</summary>
internal static class DeniedNetworks
{
    public static void Check(Draft draft)
    {
        foreach (var listener in draft.Listeners) Check(listener.Value?.Addresses, draft);
        foreach (var consumer in draft.Consumers.Values) Check(consumer.Value?.Addresses, draft);
        foreach (var rules in draft.Routes.SelectMany(r => r.Specs.Values).OfType<AddressRules>()) Check(rules, draft);
    }

    private static void Check(AddressRules? rules, Draft draft)
    {
        foreach (var entry in rules?.Deny?.All ?? [])
            if (entry.Until is { } until && until <= draft.Now)
                draft.Findings.Add(Rules.Unused, entry.Place, $"{entry.Network} is no longer denied since {until:yyyy-MM-dd}", "remove the entry");
    }
}
