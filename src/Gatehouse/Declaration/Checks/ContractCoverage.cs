using Gatehouse.Configuration;
using Gatehouse.Contracts;

namespace Gatehouse.Declaration.Checks;

/// <summary>
/// Where routes and contracts say different things. What has no route is not reachable, and what is in no contract is served as declared:
/// both load, and both are worth a word.
/// </summary>
internal static class ContractCoverage
{
    /// <summary>Of one contract; whoever exposes three operations of a thousand need not read of each of the others.</summary>
    private const int MostNamed = 200;

    public static void Check(Draft draft)
    {
        var routed = draft.Routes
            .Where(r => r is { Contract: not null, Match: not null })
            .Select(r => (r.Contract!, Operation.Key(r.Match!.Method, r.Match.Path)))
            .ToHashSet();
        foreach (var contract in draft.Contracts)
        {
            var without = contract.Operations
                .Where(o => o.Template is null || !routed.Contains((contract, Operation.Key(o.Method, o.Template))))
                .ToList();
            foreach (var operation in without.Take(MostNamed))
                draft.Findings.Add(Rules.OperationWithoutRoute, operation.Place, $"the operation {operation.FullName} has no route",
                    operation.Why is null
                        ? "declare a route for it in an api with this contract; until then it is not reachable"
                        : "no route can say this path: " + operation.Why);
            if (without.Count > MostNamed)
                draft.Findings.Add(
                    Rules.OperationWithoutRoute,
                    new Place(contract.File, 1, 1),
                    $"{without.Count - MostNamed} further operations have no route");
        }

        foreach (var route in draft.Routes)
            if (route is { Contract: { } contract, Match: { } match, Operation: null })
                route.Text.Complain(Rules.RouteWithoutOperation, route.MatchPlace, $"route {route.Id} ({Show.Bounded(match.ToString())}) is no operation of the contract '{Show.Bounded(contract.File)}'",
                    "correct the method or the path, or add the operation to the contract");
    }
}
