using System.Globalization;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.Declaration.Sections;
using Gatehouse.Policies.Authorize;
using Gatehouse.Policies.Body;
using Gatehouse.Policies.Cors;
using Gatehouse.Policies.Limits;
using Gatehouse.Policies.Overload;
using Gatehouse.Routes;
using Gatehouse.Upstreams;

namespace Gatehouse.Inventory;

/// <summary>A column of the inventory.</summary>
/// <param name="Name">Stable: scripts rely on it.</param>
/// <param name="Says">What stands in it, for the reference page.</param>
/// <param name="Value">A text, a flag, a list of texts, or null for nothing.</param>
/// <param name="Short">Whether a table for people has it when nobody asks for more.</param>
internal sealed record InventoryColumn(string Name, string Says, Func<RouteEntry, JsonNode?> Value, bool Short = false);

/// <summary>The columns of the inventory, in their order.</summary>
internal static class InventoryColumns
{
    public static IReadOnlyList<InventoryColumn> All { get; } =
    [
        new("route", "the route, as `api/route`", e => e.Route.Id.Value, Short: true),
        new("method", "the one method that it takes", e => e.Route.Match.Method, Short: true),
        new("path", "the template of its paths", e => e.Route.Match.Path.Text, Short: true),
        new(
            "exposure",
            "who it is meant for: `public`, `partner`, `internal`, `administrative`",
            e => DecisionShapes.Word(e.Route.Exposure),
            Short: true),
        new("effect", "what a call does: `read`, `write`, `action`", e => DecisionShapes.Word(e.Route.Effect), Short: true),
        new(
            "personalData",
            "whether it touches data about people: `none`, `ordinary`, `special`",
            e => DecisionShapes.Word(e.Route.PersonalData),
            Short: true),
        new("owner", "who answers for it", e => e.Route.Owner, Short: true),
        new(
            "access",
            "who is let through, in short: `anonymous`, or the consumers",
            e => e.IsAnonymous ? "anonymous" : string.Join(", ", e.Admitted.Select(c => c.Id.Value).Order(StringComparer.Ordinal)),
            Short: true),
        new("limits", "how often it may be called, every one of them", e => List(e.Limits.Where(l => !l.IsQuota).Select(Text)), Short: true),
        new(
            "lifecycle",
            "where it stands: `current`, `deprecated` (callers are told to go elsewhere), `retired` (answers 410)",
            e => Text(e.Stage),
            Short: true),
        new("quotas", "its budgets over days and months, every one of them", e => List(e.Limits.Where(l => l.IsQuota).Select(Text))),
        new("cost", "what a call takes of the limits and quotas that count cost; nothing for 1", e => e.CallCost > 1 ? e.CallCost : null),
        new("purpose", "what it is for", e => e.Route.Purpose),
        new("consequence", "what follows if it goes wrong", e => e.Route.Consequence),
        new(
            "backendChecks",
            "what the backend checks for itself: `object`, `service`, `none`",
            e => e.Route.BackendChecks is { } checks ? DecisionShapes.Word(checks) : null),
        new("anonymous", "why anybody may call, where anybody may", e => e.IsAnonymous ? e.Route.Access.Anonymous : null),
        new("consumers", "the consumers that are let through", e => Names(e.Admitted)),
        new("consumersLackingScope", "consumers that it names and that are refused, because they lack a scope", e => Names(e.LackingScope)),
        new(
            "credentials",
            "what those consumers may prove themselves with; `+addresses` where they have to call from certain addresses too",
            e => List(e.Admitted.SelectMany(Credentials).Distinct().Order(StringComparer.Ordinal))),
        new("people", "the people for whom a call has to be made; none when only calls pass that are made for nobody", e => List(e.People)),
        new("claims", "what a caller's token has to say", e => List(e.Route.Access.Claims.Select(Text))),
        new("authorize", "what an authoriser is asked besides, as `who: action on type id`", e => e.Authorize is { } asked ? Text(asked) : null),
        new(
            "assertion",
            "how the backend is told who calls: `reuse` (one assertion for the same caller), `perRequest`; nothing when it is told nothing",
            e => Text(e.Assertion)),
        new(
            "audit",
            "what is recorded of a call: `intent` (before it is forwarded, and its outcome after) or `record` (one, after); nothing where only refusals are",
            e => e.Recorded),
        new("about", "whose data a call touches, for investigations, and where the request says who", e => List(e.Route.Audit.About.Select(a => a.ToString()))),
        new("cors", "the sites whose scripts may call from browsers, and whether with the visitor's credentials", e => List(Text(e.Cors))),
        new("forwardCredential", "why the backend gets the client's `Authorization`; nothing when it does not", e => e.ForwardReason),
        new("scopes", "the scopes that a caller has to hold, every one of them", e => List(e.Route.Access.Scopes.Select(s => s.Value))),
        new(
            "addresses",
            "from where calls may come and may not",
            e => List(Text(e.Addresses?.Allow, "allow").Concat(e.Addresses?.Deny?.All.Select(d => $"deny {d}") ?? []))),
        new("listeners", "the listeners that serve it: where it is bound to hosts, those where one of them may be asked for", e => List(e.Listeners.Select(l => l.Name))),
        new("hosts", "the hosts that it is bound to; none for every host of its listeners", e => List(e.Route.Match.Hosts)),
        new("conditions", "the header fields and query parameters that a request has to have", e => List(Conditions(e.Route.Match))),
        new("upstream", "the group of servers that answers", e => e.Route.Upstream),
        new("destinations", "those servers, and the canary's", e => List(e.Destinations)),
        new("canary", "the upstream that gets a part of the calls, and which part", e => e.Route.Canary is { } canary ? Text(canary) : null),
        new("mirror", "the upstream that gets copies of requests, and of how many", e => e.Route.Mirror is { } m ? $"{m.Upstream} {m.Share}" : null),
        new("retries", "how often one call is sent at most, and by which key; nothing when each is sent once", e => Text(e.Repeats)),
        new("hedge", "after how long a second destination is asked too", e => e.Route.HedgeAfter is { } after ? Units.Write(after) : null),
        new("operation", "the operation of its api's contract", e => e.Route.Operation),
        new(
            "deadline",
            "how long an exchange may take; nothing for upgraded connections",
            e => e.Route.Deadline is { } time ? Units.Write(time) : null),
        new(
            "body",
            "the most bytes of a request's body, whether the backend gets it whole or as it arrives, how it may be compressed and what it may then unpack to",
            e => e.Body is { } body ? Text(body.Rules) : null),
        new(
            "priority",
            "how much it matters while the gateway cannot serve everything: `low` (shed first), `normal`, `high` (shed last)",
            e => OverloadKind.Word(e.Priority)),
        new("upgrade", "the protocol that connections may change to", e => e.Route.Upgrade is null ? null : "websocket"),
        new("deprecated", "from when callers are told to go elsewhere", e => Text(e.Lifecycle?.Deprecated)),
        new("sunset", "from when it answers 410", e => Text(e.Lifecycle?.Sunset)),
        new("successor", "the route that takes its place", e => e.Lifecycle?.Successor?.Value),
        new("review", "when somebody looks at its decisions again", e => e.Route.Review is { } day ? Text(day) : null),
        new("reviewDue", "whether that day has come", e => e.IsReviewDue),
        new("waivers", "the rules that are set aside for it, until when, by whom and why", e => List(e.Route.Waivers.Select(Text))),
        new("policies", "the policies that decide about its exchanges, in their order", e => List(e.Policies)),
        new("place", "where it is declared", e => e.Route.Place.ToString()),
    ];

    /// <summary>The word that stands for a stage.</summary>
    public static string Text(LifecycleStage stage) => stage switch
    {
        LifecycleStage.Current => "current",
        LifecycleStage.Deprecated => "deprecated",
        LifecycleStage.Retired => "retired",
    };

    private static string? Text(AssertionUse use) => use switch
    {
        AssertionUse.Reuse => "reuse",
        AssertionUse.PerRequest => "perRequest",
        AssertionUse.None => null,
    };

    private static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);

    private static JsonArray Names(IEnumerable<Consumer> consumers) => List(consumers.Select(c => c.Id.Value).Order(StringComparer.Ordinal));

    private static IEnumerable<string> Credentials(Consumer consumer) =>
        consumer.Authenticate.Select(a => a.Addresses is null && consumer.Addresses is null ? a.KindsText : a.KindsText + "+addresses");

    private static string Text(ClaimCondition claim) => $"{claim.Name}: {string.Join(" or ", claim.Values)}";

    private static IEnumerable<string> Conditions(RouteMatch match) =>
        match.Headers.Select(c => $"header {c.Name}: {c.Value}").Concat(match.Query.Select(c => $"query {c.Name}={c.Value}"));

    private static IEnumerable<string> Text(Networks? networks, string what) => networks?.All.Select(n => $"{what} {n}") ?? [];

    private static string Text(AuthorizeSpec asked) =>
        $"{asked.By.Value}: {asked.Action} on {asked.ResourceType} {asked.ResourceId.Value}";

    private static IEnumerable<string> Text(CorsSpec? cors) =>
        cors?.Origins.Select(o => cors.Credentials ? o + " with credentials" : o) ?? [];

    private static string Text(Limit limit)
    {
        var word = LimitKeys.Word(limit.Per);
        var per = limit.Across == Across.Route ? word : $"{word} across {LimitKeys.Word(limit.Across)}";
        var text = limit.Form switch
        {
            LimitForm.Even => $"{Amount(limit)} per {per} every {Units.Write(limit.Every)}",
            LimitForm.Sliding => $"{Amount(limit)} per {per} every {Units.Write(limit.Every)} sliding",
            LimitForm.AtOnce => $"{Amount(limit)} per {per} at once",
            LimitForm.Day => $"{Amount(limit)} per {per} every day",
            LimitForm.Month => $"{Amount(limit)} per {per} every month",
        };
        if (limit.Shared is Sharing.Leased or Sharing.Exact) text += " over all instances";
        if (limit.ReportOnly) text += " (reported only)";
        return limit.Name == word ? text : $"{limit.Name}: {text}";
    }

    private static string Text(Canary canary)
    {
        var sticky = canary.Sticky == Stickiness.None ? "" : $" by {canary.Cookie ?? canary.Sticky.ToString().ToLowerInvariant()}";
        return $"{canary.Upstream} {canary.Share}{sticky} until {canary.Revert.Errors} fail";
    }

    private static string? Text(RepeatPlan? plan) => plan is null ? null : plan.Repetition switch
    {
        Repetition.Never => null,
        Repetition.Always => $"{plan.Rules.Attempts} attempts",
        Repetition.WithKey => $"{plan.Rules.Attempts} attempts with {plan.Key}",
    };

    private static string Amount(Limit limit) =>
        string.Create(CultureInfo.InvariantCulture, $"{limit.Allow}{(limit.CountsCost ? " of cost" : "")}");

    private static string Text(BodyRules body)
    {
        var text = $"{new ByteSize(body.Max)} {(body.Whole ? "whole" : "streamed")}";
        if (body.Codings == Coding.None) return text;
        var codings = Enum.GetValues<Coding>().Where(c => c != Coding.None && body.Codings.HasFlag(c)).Select(Codings.NameOf);
        return $"{text}, {string.Join(' ', codings)} up to {new ByteSize(body.Expanded)}";
    }

    private static string Text(Waiver waiver) => $"{waiver.Rule} until {Text(waiver.Until)} by {waiver.Owner}: {waiver.Reason}";

    private static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string? Text(DateTimeOffset? instant) => instant?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
