using System.Globalization;

namespace Gatehouse.LoadBench;

/// <summary>What a gateway says of itself at <c>/metrics</c>, at one moment.</summary>
internal sealed class GatewayMetrics
{
    private readonly string[] _lines;

    private GatewayMetrics(string[] lines) => _lines = lines;

    /// <param name="admin">The port of its administration listener.</param>
    public static GatewayMetrics Read(int admin)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        return new GatewayMetrics(client.GetStringAsync($"http://127.0.0.1:{admin}/metrics").GetAwaiter().GetResult().Split('\n'));
    }

    /// <summary>The sum of all series of one name; 0 where there are none.</summary>
    /// <param name="with">What the labels of a series have to contain.</param>
    public double Sum(string name, string with = "") => _lines.Where(l => IsOf(l, name) && l.Contains(with, StringComparison.Ordinal)).Sum(ValueOf);

    private static bool IsOf(string line, string name) =>
        line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] is '{' or ' ';

    private static double ValueOf(string line)
    {
        var value = line[(line.LastIndexOf('}') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return double.Parse(line.Contains('}') ? value[0] : value[1], CultureInfo.InvariantCulture);
    }
}
