namespace Gatehouse.Configuration;

/// <summary>
/// Collects every finding of one reading, so that all of them are reported at once. A finding is kept once, however often the text it is about is
/// read (what an api gives to each route is read for each route). Bounded, errors and warnings apart, so that neither hides the other: past
/// <see cref="Limit"/> of its severity, a finding is only counted.
/// </summary>
internal sealed class Findings
{
    /// <summary>How many errors are kept, and how many warnings.</summary>
    public const int Limit = 1000;

    private readonly List<Finding> _all = [];
    private readonly HashSet<(string Rule, Severity Severity, Place Place, string Message)> _said = [];

    // of what is left out only digests stay, so that what is said again for each route counts once
    private readonly HashSet<long> _errorsLeftOut = [];
    private readonly HashSet<long> _warningsLeftOut = [];
    private int _errors;

    /// <summary>How many findings were left out because there were more than <see cref="Limit"/> of their severity.</summary>
    public int LeftOut => _errorsLeftOut.Count + _warningsLeftOut.Count;

    /// <summary>How many of those were errors.</summary>
    public int ErrorsLeftOut => _errorsLeftOut.Count;

    /// <summary>Whether a further error would only be counted: no need then to think of a hint.</summary>
    public bool IsFull => _errors == Limit;

    public bool HasErrors { get; private set; }

    public void Add(Rule rule, Place place, string message, string? hint = null)
    {
        var finding = new Finding(rule, place, message, hint);
        HasErrors |= finding.IsError;
        var said = (rule.Id, rule.Severity, place, finding.Message);
        if (_said.Contains(said)) return;
        if ((finding.IsError ? _errors : _all.Count - _errors) == Limit)
        {
            var digest = ((long)HashCode.Combine(rule.Id, place) << 32) | (uint)finding.Message.GetHashCode(StringComparison.Ordinal);
            (finding.IsError ? _errorsLeftOut : _warningsLeftOut).Add(digest);
            return;
        }

        if (finding.IsError) _errors++;
        _said.Add(said);
        _all.Add(finding);
    }

    /// <summary>Adds what others collected, and what they left out.</summary>
    public void Add(Findings others)
    {
        foreach (var finding in others.InOrder()) Add(finding.Rule, finding.Place, finding.Message, finding.Hint);
        _errorsLeftOut.UnionWith(others._errorsLeftOut);
        _warningsLeftOut.UnionWith(others._warningsLeftOut);
    }

    /// <summary>All findings by file, line and column; of one place, in the order in which they were found.</summary>
    public IReadOnlyList<Finding> InOrder() =>
        [.. _all.OrderBy(f => f.Place.File, StringComparer.Ordinal).ThenBy(f => f.Place.Line).ThenBy(f => f.Place.Column)];
}
