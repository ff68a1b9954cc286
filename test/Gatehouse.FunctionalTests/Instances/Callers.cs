using System.Diagnostics;
using System.Net;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Instances;

/// <summary>
/// Clients that call one thing after the other until they are told to stop. Those of HTTP/1.1 keep their connection as long as nobody says that it
/// ends, and repeat nothing: a request without an answer is lost, be the connection closed before or after it. Those of HTTP/2 repeat what RFC
/// 9113 section 6.8 says was not processed.
/// </summary>
internal sealed class Callers : IAsyncDisposable
{
    /// <summary>What the calls are that have a limit.</summary>
    public const string Limited = "GET /few/quick";

    /// <summary>What the calls are that need a key of the register.</summary>
    public const string Keyed = "GET /keyed/quick";

    private const int MostOnAConnection = 40; // so that all instances get connections again and again
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private readonly CancellationTokenSource _done = new();
    private readonly List<Call> _calls = [];
    private readonly List<Task> _loops = [];
    private readonly string? _key;

    /// <param name="slowly">Whether every other caller asks for what takes a while, so that something is always in flight.</param>
    /// <param name="changing">Callers besides, by HTTP/1.1, whose calls may not be sent twice.</param>
    /// <param name="limited">Callers besides, by HTTP/1.1, of what is limited.</param>
    /// <param name="keyed">Callers besides, by HTTP/1.1, with <paramref name="key"/>.</param>
    public Callers(
        Cluster cluster, int http1, int http2, bool slowly = true, int changing = 0, int limited = 0, int keyed = 0, string? key = null)
    {
        _key = key;
        for (var i = 0; i < http1; i++) _loops.Add(CallByHttp1Async(cluster.Http1, "GET " + Path(i)));
        for (var i = 0; i < http2; i++) _loops.Add(CallByHttp2Async(cluster.Http2, Path(i)));
        for (var i = 0; i < changing; i++) _loops.Add(CallByHttp1Async(cluster.Http1, "POST " + Path(i)));
        for (var i = 0; i < limited; i++) _loops.Add(CallByHttp1Async(cluster.Http1, Limited));
        for (var i = 0; i < keyed; i++) _loops.Add(CallByHttp1Async(cluster.Http1, Keyed));

        string Path(int i) => slowly && i % 2 == 1 ? "/things/slow" : "/things/quick";
    }

    public int Count
    {
        get
        {
            lock (_calls) return _calls.Count;
        }
    }

    /// <summary>Waits until some calls have been made from now on, by all together.</summary>
    public Task AreMadeAsync(int more = 50)
    {
        var until = Count + more;
        return Eventually.HoldsAsync(() => Task.FromResult(Count >= until), TestContext.Current.CancellationToken);
    }

    /// <summary>Stops, and tells of every call.</summary>
    public async Task<IReadOnlyList<Call>> EndAsync()
    {
        await _done.CancelAsync();
        await Task.WhenAll(_loops);
        lock (_calls) return [.. _calls];
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _done.Dispose();
    }

    /// <param name="what">Method and path.</param>
    private async Task CallByHttp1Async(int port, string what)
    {
        var body = what.StartsWith("POST", StringComparison.Ordinal) ? "Content-Length: 5\r\n\r\nhello" : "\r\n";
        var key = what == Keyed ? $"X-Api-Key: {_key}\r\n" : "";
        var request = $"{what} HTTP/1.1\r\nHost: localhost\r\n{key}{body}";
        RawHttpClient? connection = null;
        for (var number = 0; !_done.IsCancellationRequested; number++)
        {
            var begin = Stopwatch.GetTimestamp();
            try
            {
                connection ??= await RawHttpClient.ConnectAsync(port, Patience.Limit);
                await connection.SendAsync(request);
                var response = await connection.ReadResponseAsync();
                Add(begin, response.Status, response.Header("X-Revision"), $"http1 request {number}", what, response.Header("X-Request-Id"));
                if (response.Header("Connection") != "close" && number % MostOnAConnection != MostOnAConnection - 1) continue;
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or TimeoutException or OperationCanceledException)
            {
                Add(begin, 0, null, $"http1 request {number}: {e.GetType().Name} {e.Message}", what);
            }

            if (connection is not null) await connection.DisposeAsync();
            connection = null;
            await PauseAsync();
        }

        if (connection is not null) await connection.DisposeAsync();
    }

    private async Task CallByHttp2Async(int port, string path)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.FromSeconds(2) })
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Patience.Limit,
        };
        while (!_done.IsCancellationRequested)
        {
            var begin = Stopwatch.GetTimestamp();
            try
            {
                using var response = await client.GetAsync($"http://localhost:{port}{path}");
                await response.Content.ReadAsByteArrayAsync();
                response.Headers.TryGetValues("X-Revision", out var revision);
                Add(begin, (int)response.StatusCode, revision?.Single(), "http2", "GET " + path);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                Add(begin, 0, null, $"http2: {e.Message} {e.InnerException?.Message} {e.InnerException?.InnerException?.Message}", "GET " + path);
            }

            await PauseAsync();
        }
    }

    private Task PauseAsync() => Task.Delay(Pause, _done.Token).ContinueWith(static _ => { }, TaskScheduler.Default);

    private void Add(long begin, int status, string? revision, string how, string what, string? id = null)
    {
        lock (_calls) _calls.Add(new Call(begin, Stopwatch.GetTimestamp(), status, revision, how, what) { Id = id });
    }
}

/// <summary>One call, with the timestamps of its begin and its end.</summary>
/// <param name="Status">0 for no answer.</param>
/// <param name="What">Method and path.</param>
internal sealed record Call(long Begin, long End, int Status, string? Revision, string How, string What)
{
    /// <summary>The request's id, where the answer said it; of HTTP/1.1.</summary>
    public string? Id { get; init; }

    /// <summary>Whether it was under way at some time between the two.</summary>
    public bool WasUnderWay(long from, long to) => Begin <= to && End >= from;
}
