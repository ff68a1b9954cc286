using Gatehouse.Configuration;

namespace Gatehouse.Policies.Addresses;

/// <summary><c>addresses: { allow: [10.0.0.0/8], deny: [10.9.0.0/16] }</c> of a route, an api or its <c>each</c>.</summary>
internal static class AddressesSpec
{
    private static readonly Key<Networks> Allow =
        new("allow", new AllowList(), "The networks or addresses that calls may come from; without it, everywhere.");

    private static readonly Key<DenyList> Deny =
        new("deny", new DenyListShape(), "The networks or addresses that calls may not come from, whatever 'allow' says.");

    public static Shape<AddressRules> Shape { get; } = new Section<AddressRules>("addresses", [Allow, Deny], Build);

    private static AddressRules? Build(SectionReader reader)
    {
        if (!reader.Has(Allow) && !reader.Has(Deny))
        {
            reader.Findings.Add(Rules.MissingKey, reader.Place, "addresses needs 'allow' or 'deny'",
                "leave 'addresses' out where calls may come from everywhere");
            return null;
        }

        var rules = new AddressRules(reader.Get(Allow), reader.Get(Deny));
        return (reader.Has(Allow) && rules.Allow is null) || (reader.Has(Deny) && rules.Deny is null) ? null : rules;
    }
}
