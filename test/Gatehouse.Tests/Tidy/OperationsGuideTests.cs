using System.Text.RegularExpressions;

namespace Gatehouse.Tests.Tidy;

/// <summary>What the guide says of failures is said by tests, and those are there.</summary>
public sealed partial class OperationsGuideTests
{
    [Fact]
    public void Every_line_names_tests_that_there_are()
    {
        var rows = SourceTree.Read("docs/guide/operations.md").Split('\n')
            .SkipWhile(l => !l.StartsWith("| what is lost |", StringComparison.Ordinal)).Skip(1)
            .Where(l => l.StartsWith("| ", StringComparison.Ordinal)).ToList();
        Assert.True(rows.Count > 10);
        Assert.All(rows, row => Assert.NotEmpty(Tests().Matches(row)));
        var texts = Directory.GetFiles(Path.Combine(SourceTree.Root, "test"), "*Tests.cs", SearchOption.AllDirectories)
            .ToLookup(Path.GetFileNameWithoutExtension, File.ReadAllText);
        foreach (var test in rows.SelectMany(r => Tests().Matches(r)))
        {
            var method = $" {test.Groups[2].Value}(";
            Assert.True(texts[test.Groups[1].Value].Any(t => t.Contains(method, StringComparison.Ordinal)), $"there is no {test.Value}");
        }
    }

    [GeneratedRegex("`([A-Za-z]+Tests)\\.([A-Za-z0-9_]+)`")]
    private static partial Regex Tests();
}
