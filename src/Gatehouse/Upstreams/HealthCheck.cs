using System.Globalization;
using System.Net;
using System.Net.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Gatehouse.Upstreams;

/// <summary>What one destination is asked, and through what.</summary>
/// <param name="Key">The same for the same questions to the same destination over the same kind of connection.</param>
/// <param name="Connections">Its own, so that a check does not wait behind exchanges; TLS, authorities and version are the upstream's.</param>
/// <param name="Host">What the destination is asked for as; null for its address.</param>
internal sealed record HealthPlan(
    string Key, Destination Destination, HttpMessageInvoker Connections, HealthRule Rule, string? Host, Version Version, UpstreamNews News);

/// <summary>
/// Asks one destination again and again whether it is well, off the data path. It follows nothing and reads no more of an answer than a little.
/// </summary>
internal sealed class HealthCheck(HealthPlan plan, TimeProvider clock, Random random) : IAsyncDisposable
{
    /// <summary>Bytes of an answer that are read, so that the connection can be used again; what says more is cut.</summary>
    private const int MostBytes = 16 * 1024;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _target = new(plan.Destination.Text + plan.Rule.Path);
    private Task _loop = Task.CompletedTask;
    private bool _decided;
    private bool _stopped;
    private int _good;
    private int _bad;

    public HealthPlan Plan { get; } = plan;

    /// <summary>Begins to ask, at once.</summary>
    public void Start() => _loop = LoopAsync();

    /// <summary>Asks no more, and says nothing any more.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate) _stopped = true;
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task LoopAsync()
    {
        await Task.Yield();
        while (!_stop.IsCancellationRequested)
        {
            Take(await AskAsync());
            await Task.Delay(Plan.Rule.Interval * (0.9 + (0.2 * random.NextDouble())), clock, _stop.Token);
        }
    }

    /// <summary>Null when it is well, otherwise why not.</summary>
    private async Task<string?> AskAsync()
    {
        using var time = new CancellationTokenSource(Plan.Rule.Timeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(time.Token, _stop.Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, _target)
        {
            Version = Plan.Version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Host = Plan.Host;
        request.Headers.TryAddWithoutValidation("User-Agent", "gatehouse-health");
        try
        {
            using var response = await Plan.Connections.SendAsync(request, both.Token);
            var status = (int)response.StatusCode;
            await ReadAsync(response.Content, both.Token);
            return Plan.Rule.Expect.Contains(status) ? null : string.Create(CultureInfo.InvariantCulture, $"status {status}");
        }
        catch (OperationCanceledException)
        {
            return "no answer in time";
        }
        catch (HttpRequestException e)
        {
            return ForwardOutcome.NeverConnected(ForwarderError.Request, e) ? "no connection" : "no proper answer";
        }
        catch (Exception)
        {
            return "no proper answer"; // whatever it was: a check that ends is one that says nothing any more
        }
    }

    private static async Task ReadAsync(HttpContent content, CancellationToken cancel)
    {
        var stream = await content.ReadAsStreamAsync(cancel);
        var buffer = new byte[1024];
        for (var left = MostBytes; left > 0;)
        {
            var read = await stream.ReadAsync(buffer, cancel);
            if (read == 0) return;
            left -= read;
        }
    }

    private void Take(string? fault)
    {
        lock (_gate)
        {
            if (_stopped) return;
            (_good, _bad) = fault is null ? (_good + 1, 0) : (0, _bad + 1);
            var destination = Plan.Destination;
            if (fault is null)
            {
                if ((!_decided || _good >= Plan.Rule.Healthy) && destination.TrySetDown(false, clock)) Plan.News.Up(destination);
            }
            else if ((!_decided || _bad >= Plan.Rule.Unhealthy) && destination.TrySetDown(true, clock))
            {
                Plan.News.Down(destination, fault, _bad);
            }

            _decided = true;
        }
    }
}
