using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Routes;
using Gatehouse.Upstreams;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>retries</c> of an upstream: how calls are sent again that failed.</summary>
internal static class RetriesSection
{
    public static readonly Key<int> Attempts = new(
        "attempts",
        Shapes.Whole(2, 5),
        "How often one call is sent at most, the first time included; 2 unless written.");

    public static readonly Key<IReadOnlyList<RetryCauses>> When = new(
        "when",
        Shapes.List(
            Shapes.OneOf(
                ("unavailable", RetryCauses.Unavailable),
                ("reset", RetryCauses.Reset),
                ("timeout", RetryCauses.Timeout)),
            1,
            3),
        "After what: unavailable (answered by 502, 503 or 504), reset (the connection broke before the answer's head), timeout (no head in time); [unavailable, reset] unless written.");

    public static readonly Key<Share> Budget = new(
        "budget",
        ShareShape.Between(new Share(10), Share.Percent(20)),
        "How many calls may be sent again, as a share of all in the last 10s; 10% unless written. A few may be always.");

    public static readonly Key<TimeSpan> Backoff = new(
        "backoff",
        Shapes.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1)),
        "The longest wait before the second attempt, twice as long before each further one; how long it is, is drawn. 25ms unless written.");

    public static readonly Shape<RetryRules> Shape = new Section<RetryRules>("retries", [Attempts, When, Budget, Backoff], Read);

    private static RetryRules Read(SectionReader text)
    {
        var usual = RetryRules.Usual;
        var causes = text.Get(When) is { } written ? written.Aggregate(RetryCauses.None, (all, one) => all | one) : usual.Causes;
        var rules = new RetryRules(text.Get(Attempts, usual.Attempts), causes, text.Get(Budget, usual.Budget), text.Get(Backoff, usual.Backoff));
        if (rules.Attempts > 3)
            text.Complain(Rules.Repetition.Lesser(), Attempts,
                $"{rules.Attempts} attempts: where clients and services try again too, the last of them gets the product",
                "attempts: 2 or 3");
        return rules;
    }
}

/// <summary><c>retries</c> of a route: a word, or the header field by which the service knows a call again.</summary>
internal sealed class RouteRetriesShape : Shape<RouteRetries>
{
    private const string NamePattern = "^[A-Za-z][A-Za-z0-9-]{0,63}$";

    /// <summary>What is on every request anyway, and tells no service that it has had a call before.</summary>
    private static readonly string[] OnEveryRequest =
        ["Accept", "Authorization", "Content-Length", "Content-Type", "Cookie", "Host", "Traceparent", "User-Agent", "X-Api-Key", "X-Request-Id"];

    private static readonly Key<string> IdempotencyKey = new("idempotencyKey",
        Shapes.Parsed<string>("the name of a header field that only repeated calls share, such as Idempotency-Key", NamePattern, IsName),
        "The header field by whose value the service knows that it has had a call before: calls with it may be sent again, whatever they change.")
    {
        Required = true,
    };

    private static readonly Shape<RouteRetries> Word = Shapes.OneOf(
        ("idempotent", RouteRetries.Usual),
        ("none", new RouteRetries(IsOff: true, null)));

    private static readonly Section<RouteRetries> Keyed = new("a route's retries", [IdempotencyKey],
        text => text.Get(IdempotencyKey) is { } name ? new RouteRetries(IsOff: false, name) : null);

    public override bool TryRead(Node node, Findings findings, out RouteRetries value) =>
        node is MapNode ? Keyed.TryRead(node, findings, out value) : Word.TryRead(node, findings, out value);

    public override JsonObject ToSchema(SchemaWriter schema) => new() { ["anyOf"] = new JsonArray(Word.ToSchema(schema), Keyed.ToSchema(schema)) };

    private static bool IsName(ScalarNode node, out string value)
    {
        value = node.Text;
        return value.Length is > 0 and <= 64 && char.IsAsciiLetter(value[0]) && value.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
            && !OnEveryRequest.Contains(value, StringComparer.OrdinalIgnoreCase);
    }
}

/// <summary><c>hedge</c> of a route: when a second destination is asked too.</summary>
internal static class HedgeSection
{
    public static readonly Key<TimeSpan> After = new(
        "after",
        Shapes.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10)),
        "How long the first destination is waited for alone: about what nine in ten answers take, or more.")
    {
        Required = true,
    };

    public static readonly Shape<HedgeText> Shape = new Section<HedgeText>("a hedge", [After],
        text => text.Find(After) is { } after ? new HedgeText(after.Value) : null);
}

internal sealed record HedgeText(TimeSpan After);
