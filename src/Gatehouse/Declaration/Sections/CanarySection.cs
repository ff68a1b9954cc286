using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>canary</c>: a second upstream for a part of the calls.</summary>
internal static class CanarySection
{
    public static readonly Key<string> Upstream =
        new("upstream", DecisionShapes.Reference(), "The upstream that gets a part of the calls.") { Required = true };

    public static readonly Key<Share> Share =
        new("share", ShareShape.Between(new Share(1), Configuration.Share.Percent(99)), "How many of the calls it gets: 5%.") { Required = true };

    public static readonly Key<StickyText> Sticky = new("sticky", new StickyShape(),
        "Whose calls all go the same way: consumer, person, address, or { cookie: NAME }. Without it each call is drawn for itself.");

    public static readonly Key<Reversion> Revert = new("revert", ReversionSection.Shape,
        "When it gets no more calls: after 10% of at least 20 in 1m have failed, until a declaration is loaded anew, unless written.");

    public static readonly Shape<CanaryText> Shape = new Section<CanaryText>("a canary", [Upstream, Share, Sticky, Revert], Read);

    private static CanaryText? Read(SectionReader text)
    {
        var (upstream, share) = (text.Find(Upstream), text.Find(Share));
        var (sticky, revert) = (text.Get(Sticky), text.Get(Revert));
        if (upstream is not { } named || share is not { } part) return null;
        var canary = new Canary(named.Value, part.Value, sticky?.By ?? Stickiness.None, sticky?.Cookie, revert ?? Reversion.Usual);
        return new CanaryText(named, canary);
    }
}

internal sealed record CanaryText(Located<string> Upstream, Canary Value);

/// <summary><c>revert</c> of a canary.</summary>
internal static class ReversionSection
{
    public static readonly Key<Share> Errors =
        new("errors", ShareShape.Between(new Share(1), Share.Percent(100)), "The share of its calls that may fail.") { Required = true };

    public static readonly Key<TimeSpan> Window = new("window", Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
        "Over how long that is looked at; 1m unless written.");

    public static readonly Key<int> Least = new("least", Shapes.Whole(1, 100_000), "How many calls there have to be; 20 unless written.");

    public static readonly Key<TimeSpan> Pause = new("pause", Shapes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(7)),
        "For how long it gets no calls; until a declaration is loaded anew unless written.");

    public static readonly Shape<Reversion> Shape = new Section<Reversion>("a canary's reversion", [Errors, Window, Least, Pause], text =>
    {
        var usual = Reversion.Usual;
        var pause = text.Find(Pause);
        return new Reversion(text.Get(Errors, usual.Errors), text.Get(Window, usual.Window), text.Get(Least, usual.Least), pause?.Value);
    });
}

/// <param name="Cookie">The cookie's name, where its value decides.</param>
internal sealed record StickyText(Stickiness By, string? Cookie);

/// <summary><c>sticky</c>: a word, or the name of a cookie.</summary>
internal sealed class StickyShape : Shape<StickyText>
{
    private const string NamePattern = "^[A-Za-z0-9_.-]{1,100}$";

    private static readonly Key<string> Cookie = new("cookie",
        Shapes.Parsed<string>("the name of a cookie", NamePattern, (ScalarNode node, out string value) =>
            (value = node.Text).Length is > 0 and <= 100 && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')),
        "The cookie whose value decides.")
    {
        Required = true,
    };

    private static readonly Shape<StickyText> Word = Shapes.OneOf(
        ("consumer", new StickyText(Stickiness.Consumer, null)),
        ("person", new StickyText(Stickiness.Person, null)),
        ("address", new StickyText(Stickiness.Address, null)));

    private static readonly Section<StickyText> ByCookie = new("a sticky cookie", [Cookie],
        text => text.Get(Cookie) is { } name ? new StickyText(Stickiness.Cookie, name) : null);

    public override bool TryRead(Node node, Findings findings, out StickyText value) =>
        node is MapNode ? ByCookie.TryRead(node, findings, out value) : Word.TryRead(node, findings, out value);

    public override JsonObject ToSchema(SchemaWriter schema) => new() { ["anyOf"] = new JsonArray(Word.ToSchema(schema), ByCookie.ToSchema(schema)) };
}

/// <summary><c>mirror</c>: where copies of requests go.</summary>
internal static class MirrorSection
{
    public static readonly Key<string> Upstream = new("upstream", DecisionShapes.Reference(), "The upstream that gets copies.") { Required = true };

    public static readonly Key<Share> Share =
        new("share", ShareShape.Between(new Share(1), Configuration.Share.Percent(100)), "Of how many requests; 100% is all.") { Required = true };

    public static readonly Key<int> AtOnce = new("atOnce", Shapes.Whole(1, 1000),
        "How many copies may be under way at once, further ones are left out; 10 unless written.");

    public static readonly Key<TimeSpan> Timeout = new("timeout", Shapes.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)),
        "How long one may take; 5s unless written.");

    public static readonly Shape<MirrorText> Shape = new Section<MirrorText>("a mirror", [Upstream, Share, AtOnce, Timeout], text =>
    {
        var (upstream, share) = (text.Find(Upstream), text.Find(Share));
        var (atOnce, timeout) = (text.Get(AtOnce, 10), text.Get(Timeout, TimeSpan.FromSeconds(5)));
        if (upstream is not { } named || share is not { } part) return null;
        return new MirrorText(named, new Mirroring(named.Value, part.Value, atOnce, timeout));
    });
}

internal sealed record MirrorText(Located<string> Upstream, Mirroring Value);
