using System.Text.RegularExpressions;
using Gatehouse.Tests.Tidy;

namespace Gatehouse.Tests.Declaration;

/// <summary>The guides' whole declarations: there is nothing to be said about them, and they load.</summary>
public sealed partial class GuideTests
{
    [Fact]
    public void The_declaration_of_the_guide_to_identity_has_no_findings()
    {
        var blocks = Blocks().Matches(SourceTree.Read("docs/guide/identity.md")).Select(b => b.Groups["yaml"].Value);
        var declaration = Assert.Single(blocks, yaml => yaml.StartsWith("gatehouse: v1", StringComparison.Ordinal));

        var reading = Declarations.Read(new Dictionary<string, string>
        {
            [Declarations.File] = declaration,
            ["keys/investigation.key"] = "0123456789abcdef0123456789abcdef\n",
            ["keys/pdp.token"] = "0123456789abcdef0123456789abcdef\n",
        });

        Assert.Empty(reading.Findings.Select(f => f.ToString()));
        Assert.NotNull(reading.Definition);
    }

    [GeneratedRegex("^```yaml\n(?<yaml>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Blocks();
}
