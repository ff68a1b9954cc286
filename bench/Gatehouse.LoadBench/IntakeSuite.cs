using System.Diagnostics;
using System.Globalization;

namespace Gatehouse.LoadBench;

/// <summary>
/// What strict intake costs a plain exchange: one process with three listeners. <see cref="OwnHost"/> takes the policies of intake out of one, and
/// what watches the bytes out of another too. Two starts of one program differ by more than is to be measured here; three listeners of one process
/// run the same compiled code in the same memory.
/// </summary>
internal static class IntakeSuite
{
    private const int First = 28450;
    private const int Admin = 28460;
    private const double Allowed = 1.05;

    public static void Run(string folder)
    {
        var host = OwnHost.Of("all of it", First, new Declarations(folder, Programs.Gatehouse).Intake(First, Admin), OwnHost.AsDeclared, "");
        var watched = host with { Name = "bytes are watched", Port = First + 1 };
        Contender[] listeners = [host, watched, host with { Name = "without strict intake", Port = First + 2 }];
        using var running = Running.Start(host, folder, core: 0);
        foreach (var listener in listeners) running.WaitForAnswer(listener, Stopwatch.GetTimestamp());
        foreach (var listener in listeners) Measure.Wrk(listener, Suites.Warmup);
        var samples = listeners.Select(_ => new List<Sample>()).ToArray();
        for (var round = 0; round < Suites.Rounds; round++)
            for (var i = 0; i < listeners.Length; i++)
            {
                var next = (i + round) % listeners.Length; // so that none always follows the same one
                samples[next].Add(Measure.Load(listeners[next], running.ProcessId, Suites.Seconds));
            }

        Suites.Report("what strict intake costs, GET of 198 bytes, 64 connections, three listeners", listeners[^1].Name, listeners, samples);
        var ratios = samples[0].Select((s, round) => s.MicrosPerRequest / samples[^1][round].MicrosPerRequest).Order().ToArray();
        var median = Measure.Median(ratios);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nAll of it makes an exchange {median:F3} times as expensive (half of the rounds: {ratios[ratios.Length / 4]:F3}–{ratios[ratios.Length * 3 / 4]:F3}); {Allowed:F2} is allowed: {(median <= Allowed ? "holds" : "does not hold")}."));
    }
}
