using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Gatehouse.LoadBench;

/// <param name="MicrosPerRequest">CPU of the gateway's process (user and system) over the requests that wrk counted.</param>
internal sealed record Sample(
    double MicrosPerRequest, double RequestsPerSecond, double P50Micros, double P99Micros, double MemoryMegabytes, long Bad);

/// <summary>Drives load with wrk and reads what the kernel accounted to the gateway meanwhile.</summary>
internal static partial class Measure
{
    private const double TicksPerSecond = 100; // USER_HZ, a constant of the Linux ABI

    public static Sample Load(Contender contender, int processId, int seconds)
    {
        var before = CpuSeconds(processId);
        var output = Wrk(contender, seconds);
        var spent = CpuSeconds(processId) - before;
        var requests = long.Parse(Requests().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        var bad = NotOk().Match(output) is { Success: true } match ? long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        return new Sample(spent * 1e6 / requests, Number(PerSecond().Match(output)), Micros(Half().Match(output)), Micros(Most().Match(output)),
            MemoryMegabytes(processId), bad);
    }

    public static string Wrk(Contender contender, int seconds)
    {
        List<string> arguments = ["-c", "1", "wrk", "-t1", "-c64", $"-d{seconds}s", "--latency"];
        foreach (var header in contender.Headers) arguments.AddRange(["-H", header]);
        if (contender.Script is not null) arguments.AddRange(["-s", contender.Script]);
        arguments.Add($"http://127.0.0.1:{contender.Port}{contender.Path}");
        using var wrk = Process.Start(new ProcessStartInfo("taskset", arguments) { RedirectStandardOutput = true })!;
        var output = wrk.StandardOutput.ReadToEnd();
        wrk.WaitForExit();
        return output;
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    public static double CpuSeconds(int processId)
    {
        var fields = File.ReadAllText($"/proc/{processId}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    private static double MemoryMegabytes(int processId) =>
        double.Parse(Resident().Match(File.ReadAllText($"/proc/{processId}/status")).Groups[1].Value, CultureInfo.InvariantCulture) / 1024;

    private static double Number(Match match) => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    private static double Micros(Match match) =>
        Number(match) * match.Groups[2].Value switch { "us" => 1, "ms" => 1e3, "s" => 1e6, _ => 6e7 };

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex NotOk();

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex PerSecond();

    [GeneratedRegex(@"^\s+50%\s+([\d.]+)(us|ms|s|m)", RegexOptions.Multiline)]
    private static partial Regex Half();

    [GeneratedRegex(@"^\s+99%\s+([\d.]+)(us|ms|s|m)", RegexOptions.Multiline)]
    private static partial Regex Most();

    [GeneratedRegex(@"VmRSS:\s+(\d+)")]
    private static partial Regex Resident();
}
