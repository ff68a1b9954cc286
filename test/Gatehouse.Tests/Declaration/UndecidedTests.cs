using Gatehouse.Configuration;
using Gatehouse.TestKit;
using Xunit;

namespace Gatehouse.Tests.Declaration;

/// <summary>A draft says <c>undecided</c> where a person has to decide, and does not load until nothing of it is left.</summary>
public sealed class UndecidedTests
{
    private const string Whole =
        """
              draft:
                match: POST /draft/{id}
                owner: drafts@retailer.example
                purpose: A draft
                exposure: public
                effect: write
                personalData: ordinary
                consequence: A test fails
                backendChecks: object
                upstream: stock
                access: { consumers: [web-shop], scopes: [stock.read] }
                limits: [ { per: consumer, allow: 60, every: 1m } ]
                lifecycle: { deprecated: 2027-01-01, sunset: 2027-02-01 }
                review: 2027-03-01
                deadline: 30s
                waive:
                  - { rule: GH1003, reason: A test, owner: drafts@retailer.example, until: 2027-01-01 }
                  - { rule: GH1015, reason: A test, owner: drafts@retailer.example, until: 2027-01-01 }
        """;

    [Fact]
    public void The_route_without_undecided_loads() => Assert.NotNull(Read(Whole).Definition);

    [Theory]
    [InlineData("match: POST /draft/{id}")]
    [InlineData("owner: drafts@retailer.example")]
    [InlineData("purpose: A draft")]
    [InlineData("exposure: public")]
    [InlineData("effect: write")]
    [InlineData("personalData: ordinary")]
    [InlineData("consequence: A test fails")]
    [InlineData("backendChecks: object")]
    [InlineData("upstream: stock")]
    [InlineData("access: { consumers: [web-shop], scopes: [stock.read] }")]
    [InlineData("limits: [ { per: consumer, allow: 60, every: 1m } ]")]
    [InlineData("lifecycle: { deprecated: 2027-01-01, sunset: 2027-02-01 }")]
    [InlineData("review: 2027-03-01")]
    [InlineData("deadline: 30s")]
    public void One_open_decision_keeps_a_draft_from_loading(string decided)
    {
        var key = decided[..decided.IndexOf(':', StringComparison.Ordinal)];
        var reading = Read(Whole.Replace("        " + decided, $"        {key}: undecided", StringComparison.Ordinal));
        Assert.Null(reading.Definition);
        Assert.Contains(reading.Findings, f => f.Rule == Rules.Undecided && f.Message.Contains($"'{key}'", StringComparison.Ordinal));
        Assert.DoesNotContain(reading.Findings, f => f.Rule == Rules.MissingDecision); // it is said once
    }

    [Theory]
    [InlineData("owner: drafts@retailer.example", "does not say who answers for it")]
    [InlineData("purpose: A draft", "does not say what it is for")]
    [InlineData("exposure: public", "does not say who it is meant for")]
    [InlineData("effect: write", "does not say what a call does")]
    [InlineData("personalData: ordinary", "does not say whether it touches personal data")]
    [InlineData("access: { consumers: [web-shop], scopes: [stock.read] }", "")]
    [InlineData("limits: [ { per: consumer, allow: 60, every: 1m } ]", "has no limit")]
    [Control("EXP-3")]
    public void A_decision_that_is_not_there_keeps_a_route_from_loading(string decided, string said)
    {
        var reading = Read(Whole.Replace("        " + decided + "\n", "", StringComparison.Ordinal), inherited: false);
        Assert.Null(reading.Definition);
        Assert.Contains(
            reading.Findings,
            f => f.IsError && f.Message.Contains("stock/draft", StringComparison.Ordinal) && f.Message.Contains(said, StringComparison.Ordinal));
    }

    private static Gatehouse.Declaration.Reading Read(string route, bool inherited = true)
    {
        var text = Golden.Read(Declarations.Folder, "right-smallest").Files(Declarations.File)[Declarations.File];
        if (!inherited) text = text[..text.IndexOf("apis:", StringComparison.Ordinal)] + "apis:\n  stock:\n    routes:\n";
        return Declarations.Read(text + route.ReplaceLineEndings("\n") + "\n");
    }
}
