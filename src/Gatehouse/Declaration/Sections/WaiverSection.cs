using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary>An entry of <c>waive</c>: a rule set aside for one route, with a reason, an owner and an end.</summary>
internal static class WaiverSection
{
    public static readonly Key<string> Rule = new("rule", Shapes.Parsed<string>("a rule's id such as GH1003", "^GH[0-9]{4}$",
        (ScalarNode node, out string value) => (value = node.Text).Length == 6 && value.StartsWith("GH", StringComparison.Ordinal)
            && value[2..].All(char.IsAsciiDigit)), "The rule that is set aside.")
    {
        Required = true,
    };

    public static readonly Key<string> Reason = new("reason", Shapes.Text(), "Why the rule does not fit this route.") { Required = true };
    public static readonly Key<string> Owner = new("owner", Shapes.Owner(), "Who answers for setting it aside.") { Required = true };
    public static readonly Key<DateOnly> Until =
        new("until", Shapes.Date(), "The first day (UTC) on which the waiver no longer holds; at most a year ahead.") { Required = true };

    public static readonly Shape<Waiver> Shape = new Section<Waiver>("a waiver", [Rule, Reason, Owner, Until], text =>
    {
        var (rule, reason, owner, until) = (text.Get(Rule), text.Get(Reason), text.Get(Owner), text.Find(Until));
        return rule is not null && reason is not null && owner is not null && until is { } day
            ? new Waiver(rule, reason, owner, day.Value, text.Place) : null;
    });
}
