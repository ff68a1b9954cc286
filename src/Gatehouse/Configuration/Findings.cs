namespace Gatehouse.Configuration;

/// <summary>
/// Collects every finding of one reading, so that all of them are reported at once. A finding is kept once, however often the text it is about is
/// read (what an api gives to each route is read for each route). Bounded: past <see cref="Limit"/> findings are only counted.
/// </summary>
internal sealed class Findings
{
    public const int Limit = 1000;

    private readonly List<Finding> _all = [];
    private readonly HashSet<Finding> _said = [];

    /// <summary>How many findings were left out because there were more than <see cref="Limit"/>.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Whether a further finding would only be counted: no need then to think of a hint.</summary>
    public bool IsFull => _all.Count == Limit;

    public bool HasErrors { get; private set; }

    public void Add(Rule rule, Place place, string message, string? hint = null)
    {
        HasErrors |= rule.Severity == Severity.Error;
        var finding = new Finding(rule, place, message, hint);
        if (_said.Contains(finding)) return;
        if (_all.Count == Limit)
        {
            LeftOut++;
            return;
        }

        _said.Add(finding);
        _all.Add(finding);
    }

    /// <summary>All findings by file, line and column; of one place, in the order in which they were found.</summary>
    public IReadOnlyList<Finding> InOrder() =>
        [.. _all.OrderBy(f => f.Place.File, StringComparer.Ordinal).ThenBy(f => f.Place.Line).ThenBy(f => f.Place.Column)];
}
