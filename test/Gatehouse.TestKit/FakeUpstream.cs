using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Gatehouse.TestKit;

/// <summary>
/// A service behind the gateway: a real Kestrel on a free loopback port with scripted answers. It records what it received and counts connections.
/// Without a script it answers 200 and <c>ok</c>.
/// </summary>
internal sealed class FakeUpstream : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Script> _scripts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<ReceivedRequest> _received = new();
    private readonly Channel<ReceivedRequest> _arrivals = Channel.CreateUnbounded<ReceivedRequest>();
    private readonly WebApplication _app;
    private Script _otherwise = new(static http => http.Response.WriteAsync("ok"), ReadsBody: false);
    private int _connections;
    private bool _isGone;

    private FakeUpstream(HttpProtocols protocols, X509Certificate2? certificate)
    {
        Protocols = protocols;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null; // how slow a body may be is the gateway's business
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = protocols;
                if (certificate is not null) listen.UseHttps(certificate);
                listen.Use(next => connection =>
                {
                    Interlocked.Increment(ref _connections);
                    return next(connection);
                });
            });
        });
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Run(AnswerAsync);
    }

    /// <summary>Scheme, host and port, as a declaration writes a destination.</summary>
    public Uri Address { get; private set; } = null!;

    public int Port => Address.Port;

    public HttpProtocols Protocols { get; }

    /// <summary>Connections accepted since the start.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Everything received so far, oldest first.</summary>
    public IReadOnlyList<ReceivedRequest> Requests => [.. _received];

    /// <param name="protocols">HTTP/1.1 alone, or HTTP/2 alone (without a certificate: by prior knowledge).</param>
    /// <param name="certificate">With its private key: the service speaks TLS. Null for cleartext.</param>
    /// <param name="host">The name under which <see cref="Address"/> speaks of the service: it has to lead to the loopback.</param>
    public static async Task<FakeUpstream> StartAsync(
        HttpProtocols protocols = HttpProtocols.Http1, X509Certificate2? certificate = null, string host = "127.0.0.1")
    {
        var upstream = new FakeUpstream(protocols, certificate);
        await upstream._app.StartAsync();
        var port = new Uri(upstream._app.Urls.Single()).Port;
        var scheme = certificate is null ? "http" : "https";
        upstream.Address = new Uri(string.Create(CultureInfo.InvariantCulture, $"{scheme}://{host}:{port}"));
        return upstream;
    }

    /// <summary>Scripts the answer for a path (exactly as it stands in the request target, without its query).</summary>
    /// <param name="answer">Writes the response.</param>
    /// <param name="readsBody">Whether <paramref name="answer"/> reads the body itself; otherwise it is read and recorded before.</param>
    public FakeUpstream On(string path, RequestDelegate answer, bool readsBody = false)
    {
        _scripts[path] = new Script(answer, readsBody);
        return this;
    }

    public FakeUpstream On(string path, int status, string body = "", params (string Name, string Value)[] headers) => On(path, http =>
    {
        http.Response.StatusCode = status;
        foreach (var (name, value) in headers) http.Response.Headers.Append(name, value);
        return body.Length == 0 ? Task.CompletedTask : http.Response.WriteAsync(body);
    });

    /// <summary>Scripts the answer for every path that has none of its own.</summary>
    public FakeUpstream Otherwise(RequestDelegate answer, bool readsBody = false)
    {
        _otherwise = new Script(answer, readsBody);
        return this;
    }

    /// <summary>The next request that was not yet taken, as soon as it is there.</summary>
    public async Task<ReceivedRequest> NextAsync(CancellationToken cancel) =>
        await _arrivals.Reader.ReadAsync(cancel).AsTask().WaitAsync(Patience.Limit, cancel);

    public async ValueTask DisposeAsync()
    {
        if (_isGone) return;
        _isGone = true;
        using var atOnce = new CancellationTokenSource(0);
        try
        {
            await _app.StopAsync(atOnce.Token).WaitAsync(Patience.Limit);
            await _app.DisposeAsync().AsTask().WaitAsync(Patience.Limit);
        }
        catch (TimeoutException)
        {
            // an answer of the test's own waits for what does not come any more; the test has failed already, and is to be heard
        }
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var question = target.IndexOf('?', StringComparison.Ordinal);
        if (!_scripts.TryGetValue(question < 0 ? target : target[..question], out var script)) script = _otherwise;
        byte[] body = [];
        if (!script.ReadsBody)
        {
            using var copy = new MemoryStream();
            await http.Request.Body.CopyToAsync(copy);
            body = copy.ToArray();
        }

        var headers = http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var request = new ReceivedRequest(http.Request.Method, target, http.Request.Protocol, headers, body, http.RequestAborted);
        _received.Enqueue(request);
        _arrivals.Writer.TryWrite(request);
        await script.Answer(http);
    }

    private sealed record Script(RequestDelegate Answer, bool ReadsBody);
}

/// <summary>A request as the service received it.</summary>
/// <param name="Target">The request target, byte for byte.</param>
/// <param name="Headers">By name, case ignored; several lines of one name are joined by a comma.</param>
/// <param name="Body">Empty when the script reads the body itself.</param>
/// <param name="Aborted">Cancelled when the caller goes away.</param>
internal sealed record ReceivedRequest(
    string Method, string Target, string Protocol, IReadOnlyDictionary<string, string> Headers, byte[] Body, CancellationToken Aborted)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
