using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gatehouse.LoadBench;

/// <summary>A gateway that is measured: how it is started and what is asked of it.</summary>
internal sealed record Contender(string Name, int Port, string[] Command)
{
    public string Path { get; init; } = "/orders/42";

    /// <summary>Environment variables of its process.</summary>
    public IReadOnlyList<(string Name, string Value)> Environment { get; init; } = [];

    /// <summary>Header fields of every request, as <c>Name: value</c>.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>A header field of the first request only, for what waits until the gateway answers; the script has its own.</summary>
    public string? First { get; init; }

    /// <summary>A wrk script that chooses the paths, or null.</summary>
    public string? Script { get; init; }

    /// <summary>
    /// The JSON that the first request sends by POST, for what waits until the gateway answers; null for a GET. The script has its own.
    /// </summary>
    public string? Body { get; init; }
}

/// <summary>A started contender; ended when disposed.</summary>
internal sealed class Running : IDisposable
{
    private readonly Process _process;
    private volatile string? _said;

    private Running(Process process) => _process = process;

    public int ProcessId => _process.Id;

    public static Running Start(Contender contender, string folder, int core)
    {
        var start = new ProcessStartInfo("taskset", ["-c", $"{core}", .. contender.Command])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in contender.Environment) start.Environment[name] = value;
        var process = Process.Start(start)!;
        var running = new Running(process);
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null) return;
            running._said = line.Data;
            if (System.Environment.GetEnvironmentVariable("BENCH_VERBOSE") is not null)
                Console.Error.WriteLine($"{contender.Name}: {line.Data}");
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return running;
    }

    /// <summary>Asks until an answer with status 200 comes; returns how long that took.</summary>
    public TimeSpan WaitForAnswer(Contender contender, long since)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        for (var left = TimeSpan.FromSeconds(60); left > TimeSpan.Zero; left = TimeSpan.FromSeconds(60) - Stopwatch.GetElapsedTime(since))
        {
            if (_process.HasExited) throw new InvalidOperationException($"{contender.Name} ended with code {_process.ExitCode}: {_said}");
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{contender.Port}{contender.Path}");
            if (contender.Body is { } body)
                (request.Method, request.Content) = (HttpMethod.Post, new StringContent(body, Encoding.UTF8, "application/json"));
            foreach (var header in contender.First is null ? contender.Headers : [.. contender.Headers, contender.First])
                request.Headers.Add(
                    header[..header.IndexOf(':', StringComparison.Ordinal)], header[(header.IndexOf(':', StringComparison.Ordinal) + 2)..]);
            try
            {
                using var answer = client.Send(request);
                if (answer.StatusCode == HttpStatusCode.OK) return Stopwatch.GetElapsedTime(since);
            }
            catch (Exception e) when (e is HttpRequestException or SocketException or TaskCanceledException)
            {
                // not up yet
            }

            Thread.Yield();
        }

        throw new InvalidOperationException($"{contender.Name} did not answer 200 on {contender.Path}");
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }
}
