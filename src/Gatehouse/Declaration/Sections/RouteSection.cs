using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary>
/// The keys of a route. Those in <see cref="Shared"/> may also be given once, by the api or its <c>each</c>; what a call does, what it
/// matches and which rules are set aside are said for each route.
/// </summary>
internal static class RouteSection
{
    public static readonly Key<string> Owner = new("owner", Shapes.Owner(), "Who answers for the route.");
    public static readonly Key<string> Purpose = new("purpose", Shapes.Text(), "What the route is for.");
    public static readonly Key<Exposure> Exposure = new(
        "exposure",
        DecisionShapes.Exposure(),
        "Who the route is meant for; only listeners that serve this exposure serve the route.");
    public static readonly Key<PersonalData> PersonalData = new(
        "personalData",
        DecisionShapes.PersonalData(),
        "Whether the route touches data about people: none, ordinary or special.");
    public static readonly Key<AccessText> Access = new("access", AccessSection.Shape, "Who may call.");
    public static readonly Key<string> Consequence = new("consequence", Shapes.Text(), "What follows if it goes wrong.");
    public static readonly Key<BackendChecks> BackendChecks = new(
        "backendChecks",
        DecisionShapes.BackendChecks(),
        "What the backend checks for itself: each object, only which service calls, or nothing.");
    public static readonly Key<string> Upstream = new("upstream", DecisionShapes.Reference(), "The group of servers that answers.");
    public static readonly Key<TimeSpan> Deadline = new(
        "deadline",
        Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(24)),
        "How long the whole exchange may take; 60s unless written.");

    public static readonly Key<LifecycleText> Lifecycle = new("lifecycle", LifecycleSection.Shape, "From the route's deprecation to its end.");
    public static readonly Key<DateOnly> Review = new("review", Shapes.Date(), "The day (UTC) on which somebody looks at the decisions again.");

    public static readonly Key<AssertionUse> Assertion = new(
        "assertion",
        new AssertionUseShape(),
        "Whether the backend is sent one assertion of who calls for the life of it (reuse), one for each request, or none; reuse unless written.");

    public static readonly Key<IReadOnlyList<Located<string>>> Audit = new(
        "audit",
        new RouteAuditShape(),
        "Has every exchange of the route recorded in the trail where effect, personal data and exposure do not ask for it: true, or { parameters: [names] } for those of path and query that may be read there. All others are keyed digests.");

    public static readonly Key<IReadOnlyList<Named<Located<(SubjectPart Part, string Name)>>>> About = new(
        "about",
        Shapes.Map(new AboutShape(), 4),
        "Whose data it is, as in { customer: token.sub }, { customer: path.customerId }, { customer: query.customer } or, from a JSON answer, { customer: response.order.customerId }: kept in the trail as a keyed digest.");

    public static readonly Key<RouteRetries> Retries = new(
        "retries",
        new RouteRetriesShape(),
        "Which calls are sent again where the upstream retries: idempotent (reads, and writes that mean the same when they are repeated), none, or { idempotencyKey: NAME } for those too that carry this header field; idempotent unless written.");

    public static readonly Key<HedgeText> Hedge = new(
        "hedge",
        HedgeSection.Shape,
        "Asks a second destination too when the first one is slow, and passes on what comes first. Only for reads without a body.");

    public static readonly Key<CanaryText> Canary = new(
        "canary", CanarySection.Shape, "A second upstream that gets a part of the calls, until too many of them fail.");

    public static readonly Key<MirrorText> Mirror = new(
        "mirror", MirrorSection.Shape, "An upstream that gets copies of requests, whose answers nobody reads. Only for reads without a body.");

    public static readonly Key<Effect> Effect = new(
        "effect",
        DecisionShapes.Effect(),
        "What a call does: read, write, or action (starts something outside the record, or cannot be undone).");
    public static readonly Key<MatchText> Match = new("match", new MatchShape(), "Which requests are the route's: GET /orders/{orderId}.");
    public static readonly Key<string> Operation = new(
        "operation",
        Shapes.Text(200),
        "The operationId in the api's contract from which method and path are taken.");
    public static readonly Key<Upgrade> Upgrade = new(
        "upgrade",
        Shapes.OneOf(("websocket", Routes.Upgrade.WebSocket)),
        "The protocol that connections may change to.");
    public static readonly Key<IReadOnlyList<Waiver>> Waive = new(
        "waive",
        Shapes.List(WaiverSection.Shape, 1, 20),
        "Rules that are set aside for this route.");

    /// <summary>What an api or its <c>each</c> may give to every route.</summary>
    public static IReadOnlyList<Key> Shared(IReadOnlyList<RoutePolicyKind> kinds) =>
        [
            Owner, Purpose, Exposure, PersonalData, Access, Consequence, BackendChecks, Upstream, Deadline, Retries, Hedge, Canary,
            Mirror, Lifecycle, Assertion, Audit, About, Review,
            .. kinds.SelectMany(k => k.Keys),
        ];

    /// <summary>Everything that a route may say.</summary>
    public static IReadOnlyList<Key> Keys(IReadOnlyList<RoutePolicyKind> kinds) => [Match, Operation, Effect, .. Shared(kinds), Upgrade, Waive];

    public static Shape<SectionReader> Shape(IReadOnlyList<RoutePolicyKind> kinds) =>
        new Section<SectionReader>("a route", Keys(kinds), text => text);
}
