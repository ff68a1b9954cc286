using System.Diagnostics;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Programs;

/// <summary>Chromium without a window, with a profile of its own, that shows one page until the end of the test.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private readonly TestFolder _profile = new();
    private readonly Process _process;

    private Browser(string page)
    {
        _process = new Process
        {
            StartInfo = new ProcessStartInfo("/usr/bin/chromium",
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--no-proxy-server",
                "--ignore-certificate-errors", // the tests' authority is made for each; what is tested is not the browser
                $"--user-data-dir={_profile.Path}", "--remote-debugging-port=0", page,
            ])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
    }

    public static Browser Show(string page)
    {
        var browser = new Browser(page);
        browser._process.Start();
        browser._process.BeginOutputReadLine();
        browser._process.BeginErrorReadLine();
        return browser;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        await Eventually.HoldsAsync(() => Task.FromResult(IsGone()), CancellationToken.None); // its other processes may be writing there still
    }

    private bool IsGone()
    {
        try
        {
            _profile.Dispose();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
