using Gatehouse.Configuration;

namespace Gatehouse.Tests.Configuration;

public sealed class FindingTests
{
    /// <summary>Clears a terminal, forges a line of a log, colours, and turns the direction of what follows.</summary>
    private const string Nasty = "a\u001b[2J\r\n2026-11-27T10:00:00.000Z gatehouse: forged\u0085\u009b31m\u202e\u2028b";

    private const string Shown = "a?[2J??2026-11-27T10:00:00.000Z gatehouse: forged??31m??b";

    [Fact]
    public void A_finding_is_one_line_without_control_characters_whoever_wrote_what_it_is_about()
    {
        var finding = new Finding(Rules.UnknownKey, new Place(Nasty, 1, 2), Nasty, Nasty);

        Assert.Equal((Shown, Shown), (finding.Message, finding.Hint));
        Assert.Equal($"{Shown}:1:2 error {Rules.UnknownKey.Id} {Shown}; {Shown}", finding.ToString());
    }

    [Fact]
    public void What_somebody_probably_meant_is_shown_without_control_characters_and_bounded()
    {
        Assert.Equal("did you mean 'or?ders'?", Nearest.Hint("orders", ["or\u001bders"]));
        Assert.Equal($"known: {Shown}", Nearest.Hint("orders", [Nasty]));
        Assert.Equal($"known: {new string('x', 80)}…", Nearest.Hint("orders", [new string('x', 5000)]));
    }

    [Fact]
    public void What_can_be_seen_stays_as_it_is_written()
    {
        const string seen = "café — 注文 💥";
        Assert.Equal(seen, new Finding(Rules.UnknownKey, new Place("a", 1, 1), seen).Message);
    }
}
