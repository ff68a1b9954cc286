namespace Gatehouse.Configuration;

internal enum Severity
{
    Warning,
    Error,
}

/// <summary>
/// A rule that a declaration can break. The id is stable and is what waivers, reports and other tools refer to.
/// </summary>
/// <param name="Id"><c>GH1001</c> to <c>GH1055</c> judge decisions (what is exposed and how it is guarded); <c>GH2001</c> on judge the text
/// itself.</param>
/// <param name="Title">What the rule asks, in a few words.</param>
/// <param name="Severity">An error keeps a declaration from loading; a warning does not.</param>
/// <param name="Why">Why it matters, for the person who reads the finding.</param>
/// <param name="Waivable">Whether a route may set the rule aside with a reason, an owner and an end date.</param>
internal sealed record Rule(string Id, string Title, Severity Severity, string Why, bool Waivable = false)
{
    /// <summary>The same rule where a breach is worth a word but does not keep the declaration from loading.</summary>
    public Rule Lesser() => this with { Severity = Severity.Warning };
}
