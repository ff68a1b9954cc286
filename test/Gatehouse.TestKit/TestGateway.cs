using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Hosting;
using Gatehouse.Pipeline;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;

namespace Gatehouse.TestKit;

/// <summary>
/// A gateway in this process, from the text of a declaration, on real sockets. Addresses in the declaration should have port 0. Its files
/// lie in a folder of its own; they are looked at only when a test asks for it.
/// </summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private const string FileName = "gatehouse.yaml";
    private readonly List<HttpClient> _clients = [];
    private readonly StringWriter _events;
    private readonly TextWriter _written;

    private TestGateway(string folder, RunningGateway running, MemoryLines accessLog, StringWriter events, TextWriter written)
    {
        (Folder, Running, AccessLog, _events, _written) = (folder, running, accessLog, events, written);
        Administration = Client(running.Administration);
    }

    public string Folder { get; }

    public RunningGateway Running { get; }

    public MemoryLines AccessLog { get; }

    /// <summary>Calls the administration listener.</summary>
    public HttpClient Administration { get; }

    /// <summary>What the operator has read so far.</summary>
    public string Events
    {
        get
        {
            lock (_written) return _events.ToString(); // as it locks itself while it is written to
        }
    }

    /// <summary>Waits until the operator was told this: that is done just after it is so.</summary>
    public Task ToldAsync(string what, CancellationToken cancel) =>
        Eventually.HoldsAsync(() => Task.FromResult(Events.Contains(what, StringComparison.Ordinal)), cancel);

    /// <param name="files">Other files beside the declaration, by name.</param>
    /// <param name="accessLog">Takes the access log instead of <see cref="AccessLog"/>.</param>
    /// <param name="kinds">The second part of the catalogue, where a test brings policies of its own.</param>
    /// <param name="watchEvery">How often the files are looked at without being asked; never within a test unless given.</param>
    /// <param name="hasHeartbeat">Whether the gateway sheds work while it is short.</param>
    /// <param name="unwatched">The listener on which nobody looks at what clients send.</param>
    /// <exception cref="GatewayStartException">The declaration has errors, or cannot be listened for.</exception>
    public static async Task<TestGateway> StartAsync(
        string yaml,
        IReadOnlyDictionary<string, string>? files = null,
        TimeProvider? clock = null,
        LineSink? accessLog = null,
        IReadOnlyList<RoutePolicyKind>? kinds = null,
        TimeSpan? watchEvery = null,
        bool hasHeartbeat = false,
        string? unwatched = null)
    {
        var folder = Directory.CreateTempSubdirectory("gatehouse-").FullName;
        foreach (var (name, text) in files ?? new Dictionary<string, string>())
        {
            var path = Path.Combine(folder, name);
            await File.WriteAllTextAsync(path, text);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        await File.WriteAllTextAsync(Path.Combine(folder, FileName), yaml);
        var (lines, events) = (new MemoryLines(), new StringWriter());
        var written = TextWriter.Synchronized(events);
        var options = new GatewayOptions
        {
            DeclarationPath = Path.Combine(folder, FileName),
            AccessLog = accessLog ?? lines,
            Events = written,
            Clock = clock ?? TimeProvider.System,
            Kinds = kinds ?? PolicyCatalog.AfterRoute,
            HasHeartbeat = hasHeartbeat, // on a machine that is busy with other tests, gateways would rightly find themselves short
            WatchEvery = watchEvery ?? TimeSpan.FromDays(1),
            Unwatched = unwatched,
        };
        return new TestGateway(folder, await GatewayHost.StartAsync(options), lines, events, written);
    }

    public IPEndPoint AddressOf(string listener) => Running.AddressOf(listener);

    /// <summary>A client of a listener; its requests are for <c>localhost</c> unless a test says otherwise.</summary>
    /// <param name="authority">Trusted instead of the system's authorities: the listener speaks TLS.</param>
    public HttpClient Client(string listener, X509Certificate2? authority = null) => Client(Running.AddressOf(listener), authority);

    /// <summary>Replaces the declaration and has the gateway look at it.</summary>
    public async Task<ActivationResult> ReloadAsync(string yaml, CancellationToken cancel)
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, FileName), yaml, cancel);
        return await Running.ReloadAsync(cancel);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) client.Dispose();
        await Running.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private HttpClient Client(IPEndPoint address, X509Certificate2? authority = null)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new System.Net.Sockets.Socket(
                    System.Net.Sockets.SocketType.Stream,
                    System.Net.Sockets.ProtocolType.Tcp)
                {
                    NoDelay = true,
                };
                await socket.ConnectAsync(address, cancel);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        };
        if (authority is not null)
            handler.SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { authority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            };
        var client = new HttpClient(handler) { BaseAddress = new Uri($"{(authority is null ? "http" : "https")}://localhost:{address.Port}") };
        _clients.Add(client);
        return client;
    }
}
