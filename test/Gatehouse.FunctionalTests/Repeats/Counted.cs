using System.Globalization;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Repeats;

/// <summary>What a gateway's page of metrics says.</summary>
internal static class Counted
{
    /// <summary>The counter of this upstream and other label; 0 where there is none.</summary>
    public static async Task<int> OfAsync(TestGateway gateway, string name, string upstream, string label, CancellationToken cancel)
    {
        var page = await gateway.Administration.GetStringAsync("/metrics", cancel);
        foreach (var line in page.Split('\n'))
        {
            if (!line.StartsWith(name + "{", StringComparison.Ordinal)
                || !line.Contains($"upstream=\"{upstream}\"", StringComparison.Ordinal)) continue;
            if (!line.Contains($"=\"{label}\"", StringComparison.Ordinal)) continue;
            return int.Parse(line[(line.IndexOf('}', StringComparison.Ordinal) + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
        }

        return 0;
    }
}
