using System.Text.RegularExpressions;

namespace Gatehouse.Tests.Tidy;

/// <summary>What the guide to watching the gateway names is there.</summary>
public sealed partial class ObservingGuideTests
{
    [Fact]
    public void Every_metric_and_event_that_it_names_is_there()
    {
        var guide = SourceTree.Read("docs/guide/observing.md");
        var metrics = Rows().Matches(SourceTree.Read("docs/reference/metrics.md")).Select(r => r.Groups[1].Value.Replace('.', '_')).ToHashSet();
        var named = Metrics().Matches(guide).Select(m => Suffix().Replace(m.Value, "")).Distinct().ToList();
        Assert.True(named.Count > 8);
        Assert.All(named, n => Assert.Contains(n, metrics));
        var events = Rows().Matches(SourceTree.Read("docs/reference/events.md")).Select(r => r.Groups[1].Value).ToHashSet();
        Assert.All(Events().Match(guide).Groups[1].Value.Split('|'), e => Assert.Contains(e, events));
    }

    [GeneratedRegex(@"^\| `([\w.-]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Rows();

    [GeneratedRegex(@"\b(gatehouse|http)_[a-z_]+")]
    private static partial Regex Metrics();

    [GeneratedRegex("_total$|_seconds$")]
    private static partial Regex Suffix();

    [GeneratedRegex("event=~\"([^\"]+)\"")]
    private static partial Regex Events();
}
