using System.Globalization;
using System.Text;

namespace Gatehouse.FunctionalTests.Contracts;

/// <summary>Takes every decision of an imported draft by a rule that no person should use: public, anonymous, waived.</summary>
internal static class DecidedDraft
{
    private static readonly Dictionary<string, string> Decisions = new()
    {
        ["name"] = "imported",
        ["owner"] = "tests@example.test",
        ["environment"] = "test",
        ["serves"] = "[public]",
        ["purpose"] = "A test of imports",
        ["exposure"] = "public",
        ["personalData"] = "none",
        ["access"] = "{ anonymous: \"A test\" }",
        ["limits"] = "[ { per: all, allow: 100000, every: 1s } ]",
        ["consequence"] = "A test fails",
        ["backendChecks"] = "service",
    };

    public static string Of(string draft, Uri destination)
    {
        var until = TimeProvider.System.GetUtcNow().AddMonths(3).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var destinations = $"[\"{destination.GetLeftPart(UriPartial.Authority)}\"]";
        var text = new StringBuilder("drain: { announce: 0s, finish: 10s }\n");
        foreach (var line in draft
            .Replace("127.0.0.1:8080", "127.0.0.1:0", StringComparison.Ordinal)
            .Replace("127.0.0.1:9900", "127.0.0.1:0", StringComparison.Ordinal)
            .Split('\n'))
        {
            var key = line.Split(':')[0].Trim();
            if (!line.Contains(": undecided ", StringComparison.Ordinal)) text.Append(line).Append('\n');
            else text.Append(CultureInfo.InvariantCulture, $"{line.Split(':')[0]}: {(key == "destinations" ? destinations : Decisions[key])}\n");
            if (line.StartsWith("        effect: write", StringComparison.Ordinal))
                text.Append(CultureInfo.InvariantCulture, $"        waive: [ {{ rule: GH1002, reason: A test, owner: tests@example.test, until: {until} }} ]\n");
        }

        return text.ToString();
    }
}
