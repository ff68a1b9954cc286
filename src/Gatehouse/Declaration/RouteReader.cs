using Gatehouse.Configuration;
using Gatehouse.Contracts;
using Gatehouse.Declaration.Sections;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Declaration;

/// <summary>Reads the routes of one api.</summary>
internal sealed class RouteReader
{
    public static readonly TimeSpan UsualDeadline = TimeSpan.FromSeconds(60);

    private static readonly string[] NeverForBackends = ["*", "TRACE", "CONNECT"];

    private readonly Named<ApiText> _api;
    private readonly Contract? _contract;
    private readonly IReadOnlyList<RoutePolicyKind> _kinds;
    private readonly DateOnly _today;

    public RouteReader(Named<ApiText> api, NamedFiles files, NamedContracts contracts, IReadOnlyList<RoutePolicyKind> kinds)
    {
        _api = api;
        _contract = api.Value.Contract is { } named ? contracts.Read(named) : null;
        _kinds = kinds;
        _today = DateOnly.FromDateTime(files.Now.UtcDateTime);
    }

    public RouteDraft Read(Named<SectionReader> written)
    {
        var id = $"{_api.Name}/{written.Name}";
        var own = written.Value;
        var waivers = new RouteWaivers(own.Get(RouteSection.Waive) ?? [], _today);
        var text = new RouteSource(own, _api.Value.Each, _api.Value.Own, id, waivers);
        var place = own.Has(RouteSection.Match) ? own.PlaceOf(RouteSection.Match) : own.PlaceOf(RouteSection.Operation);
        var match = MatchOf(own, id);
        return new RouteDraft
        {
            Id = new RouteId(id),
            Place = written.NamePlace,
            Text = text,
            Waivers = waivers,
            Owner = text.Find(RouteSection.Owner)?.Value,
            Purpose = text.Find(RouteSection.Purpose)?.Value,
            Exposure = text.Find(RouteSection.Exposure)?.Value,
            Effect = text.FindOwn(RouteSection.Effect)?.Value,
            PersonalData = text.Find(RouteSection.PersonalData)?.Value,
            Consequence = text.Find(RouteSection.Consequence)?.Value,
            BackendChecks = text.Find(RouteSection.BackendChecks)?.Value,
            Access = text.Find(RouteSection.Access)?.Value,
            Match = match,
            MatchPlace = place,
            Contract = _contract,
            Operation = match is null ? null
                : own.Has(RouteSection.Operation) ? _contract?.Find(own.Get(RouteSection.Operation)!)
                : _contract?.Find(match),
            Upstream = text.Find(RouteSection.Upstream),
            Deadline = text.Find(RouteSection.Deadline),
            Upgrade = text.FindOwn(RouteSection.Upgrade)?.Value,
            Lifecycle = text.Find(RouteSection.Lifecycle)?.Value,
            Assertion = text.Find(RouteSection.Assertion)?.Value ?? AssertionUse.Reuse,
            Audit = text.Find(RouteSection.Audit),
            About = text.Find(RouteSection.About)?.Value ?? [],
            Retries = text.Find(RouteSection.Retries),
            Hedge = text.Find(RouteSection.Hedge),
            Canary = text.Find(RouteSection.Canary),
            Mirror = text.Find(RouteSection.Mirror),
            Review = text.Find(RouteSection.Review),
            Specs = SpecsOf(text),
        };
    }

    private Dictionary<string, object> SpecsOf(RouteSource text)
    {
        var specs = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var kind in _kinds)
            if (kind.Read(text) is { } spec) specs[kind.Name] = spec;
        return specs;
    }

    private RouteMatch? MatchOf(SectionReader own, string id)
    {
        var written = own.Find(RouteSection.Match)?.Value;
        var operation = own.Find(RouteSection.Operation);
        if (own.Has(RouteSection.Match) && own.Has(RouteSection.Operation))
        {
            own.Complain(Rules.Contradiction, RouteSection.Operation, $"route {id} has both 'match' and 'operation'", "keep one of them");
            return null;
        }

        if (!own.Has(RouteSection.Match) && !own.Has(RouteSection.Operation))
            own.Findings.Add(
                Rules.MissingDecision,
                own.Place,
                $"route {id} does not say which requests it takes",
                "match: GET /orders/{orderId}, or operation: an operationId of the api's contract");
        if (operation is { } named) written = FromContract(named, own);
        return written is null ? null : Check(written, own.Findings);
    }

    private MatchText? FromContract(Located<string> operation, SectionReader own)
    {
        if (_contract is null)
        {
            if (!_api.Value.Own.Has(ApiSection.Contract))
                own.Complain(
                    Rules.UnknownReference,
                    RouteSection.Operation,
                    $"'operation' needs a contract, and api {_api.Name} names none",
                    "contract: contracts/orders.yaml, in the api");
            return null;
        }

        if (_contract.Find(operation.Value) is { } found)
        {
            if (found.Template is { } template)
                return new MatchText(new(found.Method, operation.Place), new(template.Text, operation.Place), [], [], []);
            own.Complain(
                Rules.WrongType,
                RouteSection.Operation,
                $"the operation {found.Name} has the path '{Show.Bounded(found.Path)}', which no route can say: {found.Why}");
            return null;
        }

        own.Complain(Rules.UnknownReference, RouteSection.Operation, $"the contract of api {_api.Name} has no operation '{Show.Bounded(operation.Value)}'",
            own.Findings.IsFull ? null : Nearest.Hint(operation.Value, _contract.Ids));
        return null;
    }

    private static RouteMatch? Check(MatchText written, Findings findings)
    {
        var method = written.Method.Value;
        var isMethod = IsMethod(method, written.Method.Place, findings);
        if (!PathTemplate.TryParse(written.Path.Value, out var template, out var why))
        {
            findings.Add(Rules.WrongType, written.Path.Place, $"'{Show.Bounded(written.Path.Value)}' is not a path: {why}");
            return null;
        }

        return isMethod ? new RouteMatch(method, template, [.. written.Hosts.Select(h => h.Value)], written.Headers, written.Query) : null;
    }

    private static bool IsMethod(string method, Place place, Findings findings)
    {
        if (NeverForBackends.Contains(method.ToUpperInvariant()))
            findings.Add(
                Rules.Method,
                place,
                $"'{method.ToUpperInvariant()}' cannot be the method of a route",
                "name one method; further methods are further routes");
        else if (method.Length > 32 || !method.All(c => char.IsAsciiLetterUpper(c) || c == '-'))
            findings.Add(Rules.WrongType, place, $"'{Show.Bounded(method)}' is not a method", "methods are written in capitals: GET, POST");
        else
            return true;
        return false;
    }
}
