using Gatehouse.Audit;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Record;

/// <summary>Makes the records of exchanges: what the access log says of them, whom they are about, and nothing as a client wrote it.</summary>
/// <param name="route">The route that accounts for them; null for exchanges of none, and of one that need not account.</param>
/// <param name="key">Under which what is personal is kept.</param>
internal sealed class ExchangeRecords(Route? route, InvestigationKey key, TimeProvider clock)
{
    private readonly AboutReader? _about = route is { Audit.About.Count: > 0 } ? new AboutReader(route, key) : null;
    private readonly ListedParameters? _listed = route is { Audit.Listed.Count: > 0 } ? new ListedParameters(route) : null;
    private readonly bool _changes = route?.Changes == true;
    private readonly bool _hasNames = route?.Match.Path.Segments.Any(s => s.Name is not null) == true;

    /// <summary>What is written before the exchange is forwarded.</summary>
    public AuditRecord Intent(Exchange exchange) => new()
    {
        Kind = AuditKind.Intent,
        Time = clock.GetUtcNow(),
        Decision = AuditDecision.Allowed,
        RequestId = exchange.RequestId,
        TraceId = TraceOf(exchange),
        Listener = exchange.Listener.Name,
        Consumer = exchange.ConsumerName,
        ConsumerKind = KindOf(exchange.Consumer),
        CredentialKind = exchange.CredentialKind,
        CredentialId = exchange.CredentialId,
        Person = PersonOf(exchange.Caller),
        Actor = ActorOf(exchange.Caller),
        Client = exchange.Client.Value,
        Route = route!.Id.Value,
        Api = route.Id.Api,
        Method = route.Match.Method,
        Path = route.Match.Path.Text,
        Parameters = ParametersOf(exchange),
        About = _about?.Read(exchange) ?? [],
        Details = _listed?.Of(exchange) ?? [],
        Revision = exchange.Revision,
    };

    /// <summary>How an exchange has ended whose intent stands in the trail.</summary>
    public AuditRecord Outcome(Exchange exchange)
    {
        var outcome = ExchangeOutcome.Of(exchange, _changes, wasLetThrough: true);
        var (about, missing) = AnsweredOf(exchange);
        return new()
        {
            Kind = outcome == AuditOutcome.Unknown ? AuditKind.Unknown : AuditKind.Outcome,
            Time = clock.GetUtcNow(),
            Decision = AuditDecision.Allowed, // as its intent says: what ended it then is no refusal
            Outcome = outcome,
            RequestId = exchange.RequestId,
            Intent = exchange.RequestId,
            TraceId = TraceOf(exchange),
            Listener = exchange.Listener.Name,
            Consumer = exchange.ConsumerName,
            CredentialKind = exchange.CredentialKind,
            CredentialId = exchange.CredentialId,
            Route = route!.Id.Value,
            Api = route.Id.Api,
            Method = route.Match.Method,
            Path = route.Match.Path.Text,
            DecidedBy = exchange.DecidedBy,
            Problem = exchange.Problem?.Name,
            Status = exchange.Status,
            Destination = exchange.Forward.Destination,
            Reason = exchange.Reason,
            About = about,
            Details = [.. missing, .. SecurityRefusals.Of(exchange) ?? []],
            Revision = exchange.Revision,
        };
    }

    /// <summary>An exchange from its beginning to its end.</summary>
    /// <param name="wasLetThrough">Whether everybody had agreed to it.</param>
    public AuditRecord Whole(Exchange exchange, bool wasLetThrough)
    {
        var outcome = ExchangeOutcome.Of(exchange, _changes, wasLetThrough);
        var (about, missing) = AnsweredOf(exchange);
        return new()
        {
            Kind = outcome == AuditOutcome.Refused ? AuditKind.Refusal : AuditKind.Exchange,
            Time = clock.GetUtcNow(),
            Decision = outcome == AuditOutcome.Refused ? AuditDecision.Refused : AuditDecision.Allowed,
            Outcome = outcome,
            RequestId = exchange.RequestId,
            TraceId = TraceOf(exchange),
            Listener = exchange.Listener.Name,
            Consumer = exchange.ConsumerName,
            ConsumerKind = KindOf(exchange.Consumer),
            CredentialKind = exchange.CredentialKind,
            CredentialId = exchange.CredentialId,
            Person = PersonOf(exchange.Caller),
            Actor = ActorOf(exchange.Caller),
            Client = exchange.Client.Value,
            Route = exchange.RouteName,
            Api = exchange.Route?.Id.Api,
            Method = exchange.Route is not null && exchange.Preflight is null ? exchange.Method : AccessLine.MethodOf(exchange.Method).ToString(),
            Path = exchange.Route?.Match.Path.Text ?? AccessLine.ShapeOf(exchange.Path).ToString(),
            Parameters = ParametersOf(exchange),
            About = [.. _about?.Read(exchange) ?? [], .. about],
            DecidedBy = exchange.DecidedBy,
            Problem = exchange.Problem?.Name,
            Status = exchange.Status,
            Destination = exchange.Forward.Destination,
            Reason = exchange.Reason,
            Details = [.. missing, .. DetailsOf(exchange)],
            Revision = exchange.Revision,
        };
    }

    private IReadOnlyList<AuditDetail> DetailsOf(Exchange exchange)
    {
        var type = SecurityRefusals.Of(exchange);
        if (_listed is null) return type ?? [];
        var listed = _listed.Of(exchange);
        return type is null ? listed : [.. type, .. listed];
    }

    /// <summary>Whom the answer was about, and what is missing of that.</summary>
    private static (IReadOnlyList<AboutEntry> About, IReadOnlyList<AuditDetail> Missing) AnsweredOf(Exchange exchange)
    {
        if (exchange.AnswerReader is not AnswerSubjects answer) return ([], []);
        var missing = answer.End();
        return (answer.Found, missing is null ? [] : [new AuditDetail(AnswerSubjects.Detail, missing)]);
    }

    private string? PersonOf(Caller? caller) => caller?.Person is { } person ? key.Person(person.Issuer, person.Subject) : null;

    /// <summary>Who acts for whom may be a person too.</summary>
    private string? ActorOf(Caller? caller) => caller is { Actors: [var actor, ..] } ? key.Person("actor", actor) : null;

    /// <summary>A digest of path and query: who has the key can tell whether a request had certain ones, and nobody else can.</summary>
    private string? ParametersOf(Exchange exchange) =>
        route is null || (exchange.Query.Length == 0 && !_hasNames) ? null
            : key.Parameters(route.Id.Value, string.Concat(exchange.Path, exchange.Query));

    private static string? TraceOf(Exchange exchange) => exchange.TraceId.Length > 0 ? exchange.TraceId : null;

    private static string? KindOf(Consumer? consumer) => consumer is null ? null : consumer.Kind switch
    {
        ConsumerKind.Application => "application",
        ConsumerKind.Partner => "partner",
        ConsumerKind.Service => "service",
    };
}
