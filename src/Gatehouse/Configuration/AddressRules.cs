using System.Net;

namespace Gatehouse.Configuration;

/// <summary>
/// From where calls may come: <c>addresses: { allow: [10.0.0.0/8], deny: [10.9.0.0/16] }</c> of a listener, a consumer, a route, an api or its
/// <c>each</c>. What is denied stays denied, whatever is allowed. Addresses narrow who may call; they never authenticate.
/// </summary>
/// <param name="Allow">Null for everywhere.</param>
/// <param name="Deny">Null for nowhere.</param>
internal sealed record AddressRules(Networks? Allow, DenyList? Deny)
{
    private static readonly Key<Networks> AllowKey =
        new("allow", new AllowList(), "The networks or addresses that calls may come from; without it, everywhere.");

    private static readonly Key<DenyList> DenyKey =
        new("deny", new DenyListShape(), "The networks or addresses that calls may not come from, whatever 'allow' says.");

    public static Shape<AddressRules> Shape { get; } = new Section<AddressRules>("addresses", [AllowKey, DenyKey], Read);

    public bool Admit(IPAddress address, TimeProvider clock) =>
        (Deny is null || !Deny.Contain(address, clock)) && (Allow is null || Allow.Contain(address));

    private static AddressRules? Read(SectionReader reader)
    {
        if (!reader.Has(AllowKey) && !reader.Has(DenyKey))
        {
            reader.Findings.Add(Rules.MissingKey, reader.Place, "addresses needs 'allow' or 'deny'",
                "leave 'addresses' out where calls may come from everywhere");
            return null;
        }

        var rules = new AddressRules(reader.Get(AllowKey), reader.Get(DenyKey));
        return (reader.Has(AllowKey) && rules.Allow is null) || (reader.Has(DenyKey) && rules.Deny is null) ? null : rules;
    }
}
