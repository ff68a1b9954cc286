using Gatehouse.Certificates;
using Gatehouse.Configuration;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;

namespace Gatehouse.Hosting;

/// <summary>
/// Asks the declared addresses for their revocation lists, beside the exchanges. A list is taken only when an authority of a listener that names the
/// address has signed it, so that it may come over http; no redirect is followed, and size and time are bounded. What cannot be had leaves the list
/// that is there, until it is stale.
/// </summary>
internal sealed class RevocationFetch : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestFirst = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(30);
    private readonly Activation _activation;
    private readonly EventWriter _events;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, Source> _sources = new(StringComparer.Ordinal);
    private readonly HttpClient _client;
    private Task _loop = Task.CompletedTask;

    public RevocationFetch(Activation activation, EventWriter events, TimeProvider clock)
    {
        (_activation, _events, _clock) = (activation, events, clock);
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, MaxResponseHeadersLength = 16 };
        _client = new HttpClient(handler) { Timeout = Longest, MaxResponseContentBufferSize = RevocationList.Largest };
    }

    /// <summary>Asks every address once, but does not keep the start waiting for one that does not answer; then goes on asking.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        var first = LookAsync();
        await first.WaitAsync(LongestFirst, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancel.ThrowIfCancellationRequested();
        _loop = LoopAsync(first);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task LoopAsync(Task first)
    {
        await first;
        using var timer = new PeriodicTimer(Tick, _clock);
        while (await timer.WaitForNextTickAsync(_stop.Token)) await LookAsync();
    }

    private async Task LookAsync()
    {
        var named = Named();
        foreach (var gone in _sources.Keys.Where(a => !named.ContainsKey(a)).ToList()) _sources.Remove(gone);
        var asking = new List<Task>();
        foreach (var (address, users) in named)
        {
            if (!_sources.TryGetValue(address, out var source)) _sources[address] = source = new Source();
            if (_clock.GetElapsedTime(source.Asked) >= source.Pause) asking.Add(FetchAsync(address, users, source));
        }

        await Task.WhenAll(asking);
        if (named.Values.FirstOrDefault() is [var any, ..]) any.Fetched.KeepOnly(named.Keys.ToHashSet(StringComparer.Ordinal));
    }

    private Dictionary<string, List<ClientTrust>> Named()
    {
        var named = new Dictionary<string, List<ClientTrust>>(StringComparer.Ordinal);
        foreach (var listener in _activation.Current.Listeners)
        {
            if (listener.Clients is not { } trust) continue;
            foreach (var address in trust.Declared.ListAddresses)
            {
                if (!named.TryGetValue(address, out var users)) named[address] = users = [];
                users.Add(trust);
            }
        }

        return named;
    }

    private async Task FetchAsync(string address, List<ClientTrust> users, Source source)
    {
        var fault = await TryFetchAsync(address, users);
        (source.Asked, source.Pause) = (_clock.GetTimestamp(), fault is null ? users.Min(u => u.Declared.Refresh) : AfterFailure);
        if (fault is not null && !source.Failing)
            _events.Write($"the revocation list at '{Show.Bounded(address)}' cannot be had: {fault}; it is tried again, and the last one holds until it is stale");
        if (fault is null && source.Failing) _events.Write($"the revocation list at '{Show.Bounded(address)}' is there again");
        source.Failing = fault is not null;
    }

    private async Task<string?> TryFetchAsync(string address, List<ClientTrust> users)
    {
        byte[] bytes;
        try
        {
            bytes = await _client.GetByteArrayAsync(new Uri(address), _stop.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException or InvalidOperationException)
        {
            return e is HttpRequestException { StatusCode: { } status } ? $"status {(int)status}" : e.GetType().Name;
        }

        if (RevocationList.Read(bytes, out var fault) is not { } list) return fault;
        var signer = users.Select(u => u.SignerOf(list, _clock.GetUtcNow())).FirstOrDefault(s => s is not null);
        if (signer is null) return "no declared authority has signed it, or it is from the future";
        users[0].Fetched.Take(address, list, signer);
        return null;
    }

    private sealed class Source
    {
        /// <summary>When it was asked last, as a time stamp: an hour that the clock skips or repeats is no hour.</summary>
        public long Asked { get; set; }

        /// <summary>How long it is left alone from then on.</summary>
        public TimeSpan Pause { get; set; }

        public bool Failing { get; set; }
    }
}
