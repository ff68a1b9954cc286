using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Cli;

/// <summary>
/// The built executable, running as a process of its own. Its output is read as it comes, so that a test can wait for a line instead of for
/// time.
/// </summary>
internal sealed class GatehouseProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly SemaphoreSlim _newLine = new(0);
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private GatehouseProcess(Process process) => _process = process;

    /// <summary>Everything printed so far.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    public string Error
    {
        get
        {
            lock (_error) return _error.ToString();
        }
    }

    public static GatehouseProcess Start(string folder, params string[] arguments) => StartWith([], folder, arguments);

    /// <param name="environment">Variables of the process besides this one's.</param>
    public static GatehouseProcess StartWith(IReadOnlyList<(string Name, string Value)> environment, string folder, params string[] arguments)
    {
        return Start(Built("Gatehouse.Cli", "gatehouse"), environment, folder, arguments);
    }

    /// <summary>Starts another executable of this repository: a host that carries a gateway.</summary>
    public static GatehouseProcess StartHost(
        string project,
        IReadOnlyList<(string Name, string Value)> environment,
        string folder,
        params string[] arguments) =>
        Start(Built(project, project), environment, folder, arguments);

    /// <summary>Starts a program of somebody else's.</summary>
    public static GatehouseProcess StartProgram(
        string executable, IReadOnlyList<(string Name, string Value)> environment, string folder, params string[] arguments) =>
        Start(executable, environment, folder, arguments);

    private static GatehouseProcess Start(
        string executable,
        IReadOnlyList<(string Name, string Value)> environment,
        string folder,
        string[] arguments)
    {
        var start = new ProcessStartInfo(executable, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var gatehouse = new GatehouseProcess(new Process { StartInfo = start });
        gatehouse._process.OutputDataReceived += (_, e) => gatehouse.Take(e.Data, gatehouse._output);
        gatehouse._process.ErrorDataReceived += (_, e) => gatehouse.Take(e.Data, gatehouse._error);
        gatehouse._process.Start();
        gatehouse._process.BeginOutputReadLine();
        gatehouse._process.BeginErrorReadLine();
        return gatehouse;
    }

    /// <summary>Runs to the end.</summary>
    public static async Task<Finished> RunAsync(string folder, CancellationToken cancelled, params string[] arguments)
    {
        await using var gatehouse = Start(folder, arguments);
        return await gatehouse.FinishAsync(cancelled);
    }

    /// <summary>Waits until a line is printed that contains the text; fails when the process ends without it.</summary>
    public async Task<string> LineAsync(string containing, CancellationToken cancelled)
    {
        while (true)
        {
            while (_lines.TryDequeue(out var line))
                if (line.Contains(containing, StringComparison.Ordinal)) return line;
            var printed = _newLine.WaitAsync(cancelled);
            var ended = _process.WaitForExitAsync(cancelled);
            if (await Task.WhenAny(printed, ended).WaitAsync(Patience.Limit, cancelled) == ended && _lines.IsEmpty)
                throw new InvalidOperationException($"it ended with {_process.ExitCode} and never said '{containing}':\n{Output}{Error}");
        }
    }

    /// <summary>Waits until each of the texts has been printed, in any order.</summary>
    public async Task LinesAsync(CancellationToken cancelled, params string[] each)
    {
        var awaited = each.ToList();
        while (awaited.Count > 0)
        {
            var line = await LineAsync("", cancelled);
            awaited.RemoveAll(line.Contains);
        }
    }

    /// <summary>Whether the process has a file of this name open as a part of its program; Linux tells.</summary>
    public bool HasLoaded(string file) => File.ReadAllText($"/proc/{_process.Id}/maps").Contains("/" + file, StringComparison.Ordinal);

    /// <summary>What the system shows of the process: its command line and its environment; Linux tells.</summary>
    public string ShownByTheSystem() => File.ReadAllText($"/proc/{_process.Id}/cmdline") + File.ReadAllText($"/proc/{_process.Id}/environ");

    /// <summary>The process's number.</summary>
    public int Id => _process.Id;

    /// <summary>Sends a signal: TERM, INT, HUP, KILL, STOP, CONT.</summary>
    public async Task SignalAsync(string name, CancellationToken cancelled)
    {
        using var kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(cancelled);
    }

    public async Task<Finished> FinishAsync(CancellationToken cancelled)
    {
        await _process.WaitForExitAsync(cancelled).WaitAsync(Patience.Limit, cancelled);
        return new Finished(_process.ExitCode, Output, Error);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _newLine.Dispose();
    }

    /// <summary>A start file, found beside the tests' own folder in the build's output.</summary>
    internal static string Built(string project, string file)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, file);
    }

    private void Take(string? line, StringBuilder into)
    {
        if (line is null) return;
        lock (into) into.Append(line).Append('\n');
        _lines.Enqueue(line);
        _newLine.Release();
    }

    internal sealed record Finished(int ExitCode, string Output, string Error);
}
