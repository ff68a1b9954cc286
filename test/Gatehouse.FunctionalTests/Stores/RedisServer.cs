using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gatehouse.FunctionalTests.Cli;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Stores;

/// <summary>A real server of a test's own, on a port of its own, that keeps nothing on disk.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly bool _isGarnet;
    private readonly string[] _more;
    private GatehouseProcess? _process;

    private RedisServer(bool isGarnet, string[] more) => (_isGarnet, _more) = (isGarnet, more);

    public IPEndPoint Address { get; } = new(IPAddress.Loopback, Declarations.FreePort());

    /// <param name="more">Further settings, as on its command line; PORT stands for its port.</param>
    public static async Task<RedisServer> StartAsync(CancellationToken cancel, params string[] more)
    {
        var server = new RedisServer(isGarnet: false, more);
        await server.StartAgainAsync(cancel);
        return server;
    }

    /// <summary>Another server of the same protocol: a tool of .NET, as <c>./build test</c> restores it.</summary>
    public static async Task<RedisServer> StartGarnetAsync(CancellationToken cancel)
    {
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        Assert.SkipUnless(Directory.Exists(Path.Combine(packages, "garnet-server")), "garnet-server is not restored: run 'dotnet tool restore'");
        var server = new RedisServer(isGarnet: true, []);
        await server.StartAgainAsync(cancel);
        return server;
    }

    /// <summary>Starts it, empty, where it was.</summary>
    public async Task StartAgainAsync(CancellationToken cancel)
    {
        var port = Address.Port.ToString(CultureInfo.InvariantCulture);
        string[] settings = _isGarnet
            ? ["garnet-server", "--port", port, "--bind", "127.0.0.1", "--lua", "--lua-transaction-mode", "--memory", "64m", "--index", "8m"]
            :
            [
                "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", _folder.Path,
                .. _more.Select(m => m == "PORT" ? port : m),
            ];
        // a local tool is found from the folder that its manifest lies over
        _process = GatehouseProcess.StartProgram(
            _isGarnet ? "dotnet" : "redis-server", [], _isGarnet ? AppContext.BaseDirectory : _folder.Path, settings);
        await _process.LineAsync("Ready to accept connections", cancel);
    }

    /// <summary>Ends it at once.</summary>
    public async Task KillAsync()
    {
        if (_process is null) return;
        await _process.DisposeAsync();
        _process = null;
    }

    /// <summary>Keeps it from doing anything, with its connections open.</summary>
    public Task FreezeAsync(CancellationToken cancel) => _process!.SignalAsync("STOP", cancel);

    public Task ThawAsync(CancellationToken cancel) => _process!.SignalAsync("CONT", cancel);

    /// <summary>Sends one command, and returns its answer as it came.</summary>
    public async Task<string> CommandAsync(CancellationToken cancel, params string[] words)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Address, cancel);
        var stream = client.GetStream();
        var text = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words) text.Append(CultureInfo.InvariantCulture, $"${word.Length}\r\n{word}\r\n");
        text.Append("*1\r\n$4\r\nQUIT\r\n"); // so that the answer has an end
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text.ToString()), cancel);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return await reader.ReadToEndAsync(cancel).WaitAsync(Patience.Limit, cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _folder.Dispose();
    }
}
