using System.Diagnostics;
using System.Globalization;

namespace Gatehouse.LoadBench;

/// <summary>
/// What it costs a plain exchange to be told: the same route with nothing told, and with the access log, metrics, a collector and traces added. All
/// but the last run in <see cref="OwnHost"/>, which can leave out what a declaration cannot; the last is the product's own program.
/// </summary>
internal static class SignalsSuite
{
    private const int First = 28400;
    private const int FirstAdmin = 28420;
    private const int Collector = 28419;
    private const double Allowed = 1.08;
    private const string Nothing = "nothing is told";
    private const string Usual = "and metrics of HTTP: as it is unless declared";
    private const string OwnMetrics = "httpMetrics: false";

    public static void Run(string folder)
    {
        var declarations = new Declarations(folder, Programs.Gatehouse);
        var collector = Peers.Collector(Collector);
        using var runs = Running.Start(collector, folder, core: 1);
        runs.WaitForAnswer(collector, Stopwatch.GetTimestamp());
        (string Name, string Told, string Telemetry)[] told =
        [
            (Nothing, OwnHost.Nothing, OwnMetrics),
            ("the access log", OwnHost.Line, OwnMetrics),
            ("and the gateway's own metrics", OwnHost.AsDeclared, OwnMetrics),
            (Usual, OwnHost.AsDeclared, ""),
            ("and both sent to a collector", OwnHost.AsDeclared, Sending("metrics, logs", ", every: 10s")),
            ("as usual, 1 % traced", OwnHost.AsDeclared, Sending("traces") + ", traces: { sample: 1% }"),
            ("as usual, all traced", OwnHost.AsDeclared, Sending("traces") + ", traces: { sample: 100% }"),
        ];
        Contender[] contenders =
        [
            .. told.Select((t, i) => Hosted(declarations, t.Name, First + i, t.Told, declarations.Told(First + i, FirstAdmin + i, t.Telemetry))),
            new("as usual, the program itself", First + told.Length,
                [Programs.Gatehouse, "run", "-c", declarations.Told(First + told.Length, FirstAdmin + told.Length, "")]),
        ];
        var samples = Suites.Compare("what is told of an exchange, GET of 198 bytes, 64 connections", folder, Nothing, contenders, () => Ships(contenders));
        Judge(contenders, samples);
    }

    private static string Sending(string signals, string more = "") =>
        $"otlp: {{ endpoint: \"http://127.0.0.1:{Collector}\", send: [{signals}]{more} }}";

    private static Contender Hosted(Declarations declarations, string name, int port, string told, string declaration) =>
        OwnHost.Of(name, port, declaration, told, declarations.Log(port));

    /// <summary>Whether everything has come that was to come: what is lost costs less.</summary>
    private static void Ships(Contender[] contenders)
    {
        Console.WriteLine("\n| gateway | lines of the access log dropped | sent to the collector | lost |\n|---|---|---|---|");
        for (var i = 2; i < contenders.Length; i++) // those before have no metrics
        {
            var metrics = GatewayMetrics.Read(FirstAdmin + i);
            var dropped = metrics.Sum("gatehouse_accesslog_dropped_total");
            var (sent, lost) = (metrics.Sum("gatehouse_telemetry_sent_total"), metrics.Sum("gatehouse_telemetry_lost_total"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {contenders[i].Name} | {dropped:F0} | {sent:F0} | {lost:F0} |"));
        }
    }

    private static void Judge(Contender[] contenders, List<Sample>[] samples)
    {
        var usual = Array.FindIndex(contenders, c => c.Name == Usual);
        var added = Ratios(samples[usual], samples[0]);
        var median = Measure.Median(added);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nAccess log and metrics make an exchange {median:F3} times as expensive ({added.Min():F3}–{added.Max():F3}); {Allowed:F2} is allowed: {(median <= Allowed ? "holds" : "does not hold")}."));
        foreach (var traced in (int[])[usual + 2, usual + 3])
        {
            var ratios = Ratios(samples[traced], samples[usual]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Tracing apart, {contenders[traced].Name}: {Measure.Median(ratios):F3} times what it costs as usual ({ratios.Min():F3}–{ratios.Max():F3})."));
        }
    }

    private static double[] Ratios(List<Sample> of, List<Sample> to) => [.. of.Select((s, round) => s.MicrosPerRequest / to[round].MicrosPerRequest)];
}
