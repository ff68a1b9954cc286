using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Addresses;

/// <summary>Routes that declare <c>addresses</c> have it.</summary>
internal sealed class RouteAddressesKind() : RoutePolicyKind(KindName)
{
    public const string KindName = "addresses";

    private static readonly Key<AddressRules> Addresses = new("addresses", AddressRules.Shape,
        "From where the route may be called. Addresses narrow who may call and never authenticate. What an api denies stays denied for all its routes.");

    public override IReadOnlyList<Key> Keys { get; } = [Addresses];

    /// <summary>The nearest with all that is denied: a route that allows something takes back nothing that its api denies.</summary>
    public override object? Read(RouteSource source)
    {
        if (source.Find(Addresses) is not { } nearest) return null;
        var denied = source.FindAll(Addresses).SelectMany(rules => rules.Value.Deny?.All ?? []).ToList();
        return nearest.Value with { Deny = denied.Count == 0 ? null : new DenyList(denied) };
    }

    public override Policy? Compile(Route route, CompileContext context) =>
        SpecOf<AddressRules>(route) is { } rules
            ? new RouteAddressesPolicy(rules, AddressRefusal.For(route.Exposure == Exposure.Partner), context.Clock)
            : null;
}

/// <summary>Refuses clients from elsewhere, before anybody looks at their credentials.</summary>
internal sealed class RouteAddressesPolicy(AddressRules rules, Problem refusal, TimeProvider clock) : Policy
{
    public override string Name => RouteAddressesKind.KindName;

    /// <summary>What is enforced.</summary>
    public AddressRules Rules { get; } = rules;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange) =>
        new(Rules.Admit(exchange.Client.Value, clock) ? Verdict.Continue : Verdict.Reject(refusal, "the route does not take this client's address"));

    internal override bool Hides(Exchange exchange) => ReferenceEquals(refusal, Problems.NotFound) && !Rules.Admit(exchange.Client.Value, clock);
}

/// <summary>A partner is told that its address is refused, because it has to mend that; nobody else learns that there is anything.</summary>
internal static class AddressRefusal
{
    public static Problem For(bool partner) => partner ? Problems.Forbidden : Problems.NotFound;
}
