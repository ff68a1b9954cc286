using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Gatehouse.LoadBench;

/// <param name="Late">Requests that were sent more than five milliseconds after they were due: the client's fault, not the gateway's.</param>
internal sealed record RateSample(long Requests, double P50Micros, double P99Micros, long Late, long Bad)
{
    public double MicrosPerRequest { get; init; }
}

/// <summary>
/// Sends requests when they are due, whatever has become of those before: a slow answer makes others wait no more than it would from many clients. In
/// this process, which is put on core 1 for it.
/// </summary>
internal static class ConstantRate
{
    private const int Connections = 64;

    public static RateSample Drive(Contender contender, int rate, int seconds)
    {
        using var process = Process.GetCurrentProcess();
        if (OperatingSystem.IsLinux()) process.ProcessorAffinity = 2; // core 1
        return DriveAsync(contender, rate, seconds).GetAwaiter().GetResult();
    }

    private static async Task<RateSample> DriveAsync(Contender contender, int rate, int seconds)
    {
        using var http = new HttpMessageInvoker(
            new SocketsHttpHandler { UseProxy = false, UseCookies = false, MaxConnectionsPerServer = Connections });
        var address = new Uri($"http://127.0.0.1:{contender.Port}{contender.Path}");
        var micros = new ConcurrentBag<double>();
        var (sent, late, bad, left) = (0L, 0L, 0L, 1L);
        var ended = new TaskCompletionSource();
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        var start = Stopwatch.GetTimestamp();
        for (var all = (long)rate * seconds; sent < all && await ticks.WaitForNextTickAsync();)
        {
            var elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            for (; sent < all && sent < elapsed * rate; sent++)
            {
                if (elapsed - sent / (double)rate > 0.005) late++;
                Interlocked.Increment(ref left);
                _ = SendAsync();
            }
        }

        if (Interlocked.Decrement(ref left) > 0) await ended.Task;
        var sorted = micros.Order().ToArray();
        return new RateSample(sent, sorted[sorted.Length / 2], sorted[sorted.Length * 99 / 100], late, bad);

        async Task SendAsync()
        {
            var since = Stopwatch.GetTimestamp();
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, address);
                using var answer = await http.SendAsync(request, CancellationToken.None);
                await answer.Content.CopyToAsync(Stream.Null);
                micros.Add(Stopwatch.GetElapsedTime(since).TotalMicroseconds);
                if (answer.StatusCode != HttpStatusCode.OK) Interlocked.Increment(ref bad);
            }
            catch (HttpRequestException)
            {
                Interlocked.Increment(ref bad);
            }
            finally
            {
                if (Interlocked.Decrement(ref left) == 0) ended.TrySetResult();
            }
        }
    }
}
