using System.Globalization;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Upstreams;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>hash</c> of an upstream: what goes to the same destination.</summary>
internal static class HashSection
{
    private const string NamePattern = "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$";

    public static readonly Key<HashBy> By = new(
        "by",
        Shapes.OneOf(("header", HashBy.Header), ("cookie", HashBy.Cookie), ("consumer", HashBy.Consumer), ("address", HashBy.Address)),
        "What exchanges have in common that go to the same destination. One that has none of it goes anywhere.")
    {
        Required = true,
    };

    public static readonly Key<string> Name = new(
        "name",
        Shapes.Parsed<string>("the name of a header field or of a cookie", NamePattern,
            (ScalarNode node, out string value) => (value = node.Text).Length is > 0 and <= 100 && value.All(IsOfToken)),
        "The header field's or the cookie's name.");

    public static readonly Key<Share> Overflow = new(
        "overflow",
        ShareShape.Between(Share.Percent(5), Share.Percent(100)),
        "A destination that is busier than the mean by more than this is passed over; without it, never.");

    public static readonly Shape<HashRule> Shape = new Section<HashRule>("an upstream's hash", [By, Name, Overflow], Read);

    private static HashRule? Read(SectionReader text)
    {
        var (by, name, overflow) = (text.Find(By), text.Get(Name), text.Find(Overflow));
        if (by is not { } what) return null;
        var isNamed = what.Value is HashBy.Header or HashBy.Cookie;
        if (isNamed && !text.Has(Name))
            text.Findings.Add(Rules.MissingKey, text.Place, "a hash by header or cookie needs 'name'", $"name: {Name.Doc}");
        if (!isNamed && text.Has(Name)) text.Complain(Rules.Contradiction, Name, "only a header field or a cookie has a 'name' here");
        return isNamed && name is null ? null : new HashRule(what.Value, isNamed ? name : null, overflow?.Value);
    }

    // RFC 9110 section 5.6.2
    private static bool IsOfToken(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+.^_`|~-".Contains(c, StringComparison.Ordinal);
}

/// <summary><c>ejection</c> of an upstream: when a destination that fails is left out.</summary>
internal static class EjectionSection
{
    public static readonly Key<int> After = new("after", Shapes.Whole(1, 1000), "Failures in a row; 5 unless written.");

    public static readonly Key<TimeSpan> For = new(
        "for",
        Shapes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
        "For how long, the first time; twice as long each further time. 10s unless written.");

    public static readonly Key<TimeSpan> UpTo = new(
        "upTo",
        Shapes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1)),
        "The longest; 5m unless written. A destination that was in use for this long begins anew.");

    public static readonly Key<Share> Most = new(
        "most",
        ShareShape.Between(Share.Percent(0), Share.Percent(100)),
        "How many of the destinations may be out, whatever the reason, after one is ejected; 50% unless written, 0% for no ejections.");

    public static readonly Shape<EjectionRule> Shape = new Section<EjectionRule>("an upstream's ejection", [After, For, UpTo, Most], Read);

    private static EjectionRule Read(SectionReader text)
    {
        var usual = EjectionRule.Usual;
        var first = text.Get(For, usual.For);
        var longest = text.Get(UpTo, first > usual.UpTo ? first : usual.UpTo);
        if (longest < first)
            text.Complain(Rules.Contradiction, text.Has(UpTo) ? UpTo : For,
                $"'upTo' ({Units.Write(longest)}) is shorter than 'for' ({Units.Write(first)})", "let 'upTo' be at least as long as 'for'");
        return new EjectionRule(text.Get(After, usual.After), first, longest, text.Get(Most, usual.Most));
    }
}

/// <summary><c>health</c> of an upstream: how its destinations are asked whether they are well.</summary>
internal static class HealthSection
{
    private const string PathPattern = "^/[A-Za-z0-9._~!$&'()*+,;=:@/?%-]{0,400}$";

    public static readonly Key<string> Path = new(
        "path",
        Shapes.Parsed<string>("a path such as /healthz", PathPattern, IsPath),
        "What is asked for by GET, with a query if it has one. It is never served to clients by this.")
    {
        Required = true,
    };

    public static readonly Key<TimeSpan> Interval = new(
        "interval",
        Shapes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
        "Between two questions to one destination, a tenth more or less; 10s unless written.");

    public static readonly Key<TimeSpan> Timeout = new(
        "timeout",
        Shapes.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)),
        "For the whole answer; 2s unless written, or the interval where that is shorter.");

    public static readonly Key<Statuses> Expect = new(
        "expect",
        Shapes.Parsed<Statuses>("a status or a range of them, such as 200 or 200-299", "^[1-5][0-9]{2}(-[1-5][0-9]{2})?$", IsStatuses),
        "The status of a destination that is well, or a range of them: 200-299 unless written. No redirect is followed.");

    public static readonly Key<int> Healthy = new("healthy", Shapes.Whole(1, 100), "Good answers in a row that bring it back; 2 unless written.");

    public static readonly Key<int> Unhealthy = new(
        "unhealthy",
        Shapes.Whole(1, 100),
        "Bad ones in a row that take it out; 3 unless written. The first answer of all decides by itself.");

    public static readonly Shape<HealthRule> Shape =
        new Section<HealthRule>("an upstream's health", [Path, Interval, Timeout, Expect, Healthy, Unhealthy], Read);

    private static HealthRule? Read(SectionReader text)
    {
        var usual = HealthRule.Usual;
        var (path, interval) = (text.Get(Path), text.Get(Interval, usual.Interval));
        var timeout = text.Get(Timeout, usual.Timeout < interval ? usual.Timeout : interval);
        if (timeout > interval)
            text.Complain(Rules.Contradiction, Timeout,
                $"'timeout' ({Units.Write(timeout)}) is longer than 'interval' ({Units.Write(interval)}), so that the next question would be due before the answer is",
                "let 'timeout' be at most as long as 'interval'");
        var (expect, healthy, unhealthy) =
            (text.Get(Expect, usual.Expect), text.Get(Healthy, usual.Healthy), text.Get(Unhealthy, usual.Unhealthy));
        return path is null ? null : new HealthRule(path, interval, timeout, expect, healthy, unhealthy);
    }

    private static bool IsPath(ScalarNode node, out string value)
    {
        value = node.Text;
        return value.Length is > 0 and <= 401 && value[0] == '/' && !value.StartsWith("//", StringComparison.Ordinal)
            && value.All(c => char.IsAsciiLetterOrDigit(c) || "._~!$&'()*+,;=:@/?%-".Contains(c, StringComparison.Ordinal));
    }

    private static bool IsStatuses(ScalarNode node, out Statuses value)
    {
        value = default;
        var text = node.Text;
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var (first, last) = dash < 0 ? (text, text) : (text[..dash], text[(dash + 1)..]);
        if (!IsStatus(first, out var least) || !IsStatus(last, out var most) || least > most) return false;
        value = new Statuses(least, most);
        return true;
    }

    private static bool IsStatus(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && text.Length == 3 && value is >= 100 and <= 599;
}

/// <summary><c>breaker</c> of an upstream: when the whole of it is left alone.</summary>
internal static class BreakerSection
{
    public static readonly Key<Share> Failures = new(
        "failures",
        ShareShape.Between(Share.Percent(1), Share.Percent(100)),
        "The circuit opens when this part of the attempts has failed: no connection, no answer in time or no proper one, 502, 503, 504. 50% unless written.");

    public static readonly Key<int> Volume = new(
        "volume",
        Shapes.Whole(1, 1_000_000),
        "With fewer attempts in the window nothing is decided; 20 unless written.");

    public static readonly Key<TimeSpan> Window = new(
        "window",
        Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
        "How long attempts are counted; 10s unless written.");

    public static readonly Key<TimeSpan> Pause = new(
        "pause",
        Shapes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
        "How long nothing is sent, a tenth more or less; 5s unless written.");

    public static readonly Key<int> Probes = new(
        "probes",
        Shapes.Whole(1, 100),
        "Exchanges that are let through after the pause; when they go well, the circuit closes. 3 unless written.");

    public static readonly Key<TimeSpan> Slow = new(
        "slow",
        Shapes.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1)),
        "An answer whose head comes later than this after the request's end counts as a failure too; without it, slow answers do not count.");

    public static readonly Shape<BreakerRule> Shape =
        new Section<BreakerRule>("an upstream's breaker", [Failures, Volume, Window, Pause, Probes, Slow], Read);

    private static BreakerRule Read(SectionReader text)
    {
        var usual = BreakerRule.Usual;
        return new BreakerRule(
            text.Get(Failures, usual.Failures), text.Get(Volume, usual.Volume), text.Get(Window, usual.Window), text.Get(Pause, usual.Pause),
            text.Get(Probes, usual.Probes), text.Find(Slow)?.Value);
    }
}

/// <summary><c>atOnce</c> of an upstream: how many exchanges it has at once. A number, or a number and a queue.</summary>
internal sealed class AtOnceShape : Shape<BulkheadRule>
{
    private static readonly Shape<int> Number = Shapes.Whole(1, 1_000_000);

    private static readonly Key<int> Most = new("most", Number, "Exchanges in flight.") { Required = true };

    private static readonly Key<int> Queue = new("queue", Shapes.Whole(1, 10_000), "How many more may wait for their turn.") { Required = true };

    private static readonly Key<TimeSpan> Wait = new(
        "wait",
        Shapes.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(30)),
        "For how long.")
    {
        Required = true,
    };

    private static readonly Section<BulkheadRule> Queued = new("an upstream's atOnce", [Most, Queue, Wait],
        text => (text.Find(Most), text.Find(Queue), text.Find(Wait)) is ({ } most, { } queue, { } wait)
            ? new BulkheadRule(most.Value, queue.Value, wait.Value) : null);

    public override bool TryRead(Node node, Findings findings, out BulkheadRule value)
    {
        if (node is MapNode) return Queued.TryRead(node, findings, out value);
        value = null!;
        if (!Number.TryRead(node, findings, out var most)) return false;
        value = new BulkheadRule(most, 0, TimeSpan.Zero);
        return true;
    }

    public override JsonObject ToSchema(SchemaWriter schema) => new() { ["anyOf"] = new JsonArray(Number.ToSchema(schema), Queued.ToSchema(schema)) };
}
