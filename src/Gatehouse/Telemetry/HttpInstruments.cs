using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Gatehouse.Telemetry;

/// <summary>
/// Instruments by OpenTelemetry's semantic conventions of HTTP, for dashboards that know them, beside the gateway's own. Methods are of a closed
/// list, routes are templates of the declaration, servers are its destinations.
/// </summary>
internal sealed class HttpInstruments
{
    private const int Apart = 8; // of 8 bytes: a line of a processor's cache
    private static readonly string[] Schemes = ["http", "https"];
    private readonly long[] _active = new long[Schemes.Length * HttpWords.Methods.Length * Apart];
    private readonly Histogram<double> _server;
    private readonly Histogram<double> _client;
    private bool _counts;

    public HttpInstruments(Meter meter)
    {
        _server = meter.CreateHistogram<double>("http.server.request.duration", "s",
            "From the request's head to the response's end; without `http.route` where no route was found, and beyond 1,000 routes.");
        _client = meter.CreateHistogram<double>("http.client.request.duration", "s",
            "From a request to a service, each attempt by itself, to its answer's head, its failure or, because another one has answered, its being cut off.");
        meter.CreateObservableUpDownCounter("http.server.active_requests", ReadActive, "{request}", "Exchanges that are under way.");
    }

    /// <summary>Counts one that begins.</summary>
    /// <returns>Where it is counted: what <see cref="End"/> needs.</returns>
    public int Begin(string method, bool tls)
    {
        if (!_counts) _counts = true;
        var place = (((tls ? 1 : 0) * HttpWords.Methods.Length) + HttpWords.PlaceOf(method)) * Apart;
        Interlocked.Increment(ref _active[place]);
        return place + 1;
    }

    public void End(int countedAt) => Interlocked.Decrement(ref _active[countedAt - 1]);

    /// <param name="route">The template of the route's path; null for none.</param>
    /// <param name="error">Why it is an error, of a closed list; null where it is none.</param>
    public void Served(TimeSpan duration, string method, bool tls, string? route, int status, string version, string? error)
    {
        if (!_server.Enabled) return;
        var tags = new TagList
        {
            { "http.request.method", HttpWords.Methods[HttpWords.PlaceOf(method)] },
            { "url.scheme", Schemes[tls ? 1 : 0] },
            { "network.protocol.version", version },
        };
        if (route is not null) tags.Add("http.route", route);
        if (HttpWords.LabelOf(status) is { } label) tags.Add("http.response.status_code", label);
        if (error is not null) tags.Add("error.type", error);
        _server.Record(duration.TotalSeconds, tags);
    }

    /// <param name="port">The destination's port, boxed once.</param>
    /// <param name="error">Why it is an error, of a closed list; null where it is none.</param>
    public void Sent(TimeSpan duration, string method, string host, object port, int status, string? error)
    {
        if (!_client.Enabled) return;
        var tags = new TagList
        {
            { "http.request.method", HttpWords.Methods[HttpWords.PlaceOf(method)] },
            { "server.address", host },
            { "server.port", port },
        };
        if (HttpWords.LabelOf(status) is { } label) tags.Add("http.response.status_code", label);
        error ??= status >= 400 ? HttpWords.TextOf(status) : null;
        if (error is not null) tags.Add("error.type", error);
        _client.Record(duration.TotalSeconds, tags);
    }

    private IEnumerable<Measurement<long>> ReadActive()
    {
        if (!Volatile.Read(ref _counts)) yield break;
        for (var i = 0; i < _active.Length; i += Apart)
        {
            var (scheme, method) = Math.DivRem(i / Apart, HttpWords.Methods.Length);
            var count = Interlocked.Read(ref _active[i]);
            if (count == 0 && (method > 0 || scheme > 0)) continue;
            yield return new(count, new("http.request.method", HttpWords.Methods[method]), new("url.scheme", Schemes[scheme]));
        }
    }
}
