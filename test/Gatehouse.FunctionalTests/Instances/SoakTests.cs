using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Gatehouse.FunctionalTests.Stores;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Instances;

/// <summary>
/// One instance under steady load of every kind, with what it shares with others, keys, tokens, bodies and a trail: what it holds must not grow.
/// <c>GATEHOUSE_SOAK_SECONDS</c> makes it longer.
/// </summary>
public sealed partial class SoakTests
{
    private const int LeastLooks = 4;
    private const int SecondsBetween = 20; // where there is time
    private const int Long = 3000; // so that an hour's growth can be told from what comes and goes

    private static readonly byte[] Body = new byte[64 * 1024];
    private static readonly byte[] LargeBody = new byte[1 << 20];

    private readonly List<string> _refused = [];
    private int _others;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("AVL-6", "memory and handles, over a short time")]
    public async Task Under_steady_load_memory_and_handles_stay_as_they_are()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc tells");
        var wanted = Environment.GetEnvironmentVariable("GATEHOUSE_SOAK_SECONDS");
        var seconds = int.TryParse(wanted, CultureInfo.InvariantCulture, out var value) ? value : 12;
        await using var store = await RedisServer.StartAsync(Cancel);
        await using var database = await SharedDatabase.StartAsync(Cancel);
        await using var cluster = await Cluster.StartAsync(store, database);
        await using var callers = new Callers(cluster, 12, 4, slowly: false, limited: 2, keyed: 2, key: database.Key.Key);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        if (seconds >= Long) await FillAsync(client, cluster);
        var seen = new List<Held>();
        var looks = Math.Max(LeastLooks, seconds / SecondsBetween);
        for (var i = 0; i < looks; i++)
        {
            var begin = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(seconds / (double)looks)) await OthersAsync(client, cluster);
            seen.Add(await LookAsync(client, cluster.Instances[0]));
        }

        var calls = await callers.EndAsync();
        var said = $"{calls.Count} calls; {string.Join("; ", seen)}; of the heap, {Growth(seen, seconds):0.0} MiB more an hour, and {MoreHandles(seen)} handles; refused {_refused.Count} of {_others} others: {string.Join("; ", _refused.Take(3))}";
        TestContext.Current.TestOutputHelper?.WriteLine(said);
        Assert.True(_refused.Count <= _others / 100, said); // on a busy machine some work is shed
        var (warm, last) = (seen[looks / 2 - 1], seen[^1]);
        Assert.True(MoreHandles(seen) <= (seconds < Long ? 20 : 5), said);
        Assert.True(seconds < Long || Growth(seen, seconds) <= 1, said);
        Assert.True(last.Live <= warm.Live + ((seconds < Long ? 64 : 16) << 20), said); // over a short time it is what one collection left
        Assert.True(last.Resident <= warm.Resident * 1.3, said);
    }

    /// <summary>Has each instance remember as many tokens as it ever will (10,000), which would take most of the hour otherwise.</summary>
    private static async Task FillAsync(HttpClient client, Cluster cluster)
    {
        var together = new ParallelOptions { MaxDegreeOfParallelism = 12, CancellationToken = Cancel };
        await Parallel.ForEachAsync(Enumerable.Range(0, 60_000), together, async (_, cancel) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://localhost:{cluster.Http1}/owned/1");
            request.Headers.Add("Authorization", "Bearer " + cluster.Token());
            using var response = await client.SendAsync(request, cancel);
        });
    }

    /// <summary>
    /// What the heap gains in an hour, once it is warm, in MiB: between the least of the third quarter and the least of the last, because what is in
    /// use just then comes and goes. Over a short time it says nothing.
    /// </summary>
    private static double Growth(IReadOnlyList<Held> seen, int seconds)
    {
        var quarter = seen.Count / 4;
        long Least(int from) => seen.Skip(from).Take(quarter).Min(s => s.Live);
        return (Least(seen.Count - quarter) - Least(seen.Count - (2 * quarter))) / (double)(1 << 20) * 3600 / (seconds / 4.0);
    }

    /// <summary>Handles that the median of the last quarter has more than the one of the third: connections come and go.</summary>
    private static int MoreHandles(IReadOnlyList<Held> seen)
    {
        var quarter = seen.Count / 4;
        int Median(int from) => seen.Skip(from).Take(quarter).Select(s => s.Files).Order().ElementAt(quarter / 2);
        return Median(seen.Count - quarter) - Median(seen.Count - (2 * quarter));
    }

    /// <summary>
    /// What has a body, is recorded before it is forwarded, comes with a token that was never seen, is refused, not there, asked of the
    /// administration, or left by its client.
    /// </summary>
    private async Task OthersAsync(HttpClient client, Cluster cluster)
    {
        await SendAsync(client, new(HttpMethod.Post, Url("things/1")) { Content = new ByteArrayContent(Body) });
        await SendAsync(client, new(HttpMethod.Post, Url("search/1")) { Content = new ByteArrayContent(LargeBody) });
        await SendAsync(client, new(HttpMethod.Get, Url("things/large")));
        await SendAsync(client, new(HttpMethod.Get, Url("owned/1")) { Headers = { { "Authorization", "Bearer " + cluster.Token() } } });
        using (await client.GetAsync(Url("nothing/here"), Cancel))
        using (await client.GetAsync(Url("owned/1"), Cancel))
        using (await client.GetAsync($"http://localhost:{cluster.Instances[0].Administration}/readyz", Cancel))
        using (var left = CancellationTokenSource.CreateLinkedTokenSource(Cancel))
        {
            var slow = client.GetAsync(Url("things/slow"), left.Token);
            left.CancelAfter(TimeSpan.FromMilliseconds(20));
            await slow.ContinueWith(static _ => { }, TaskScheduler.Default);
        }

        string Url(string path) => $"http://localhost:{cluster.Http1}/{path}";
    }

    private async Task SendAsync(HttpClient client, HttpRequestMessage request)
    {
        using (request)
        using (var response = await client.SendAsync(request, Cancel))
        {
            var body = await response.Content.ReadAsStringAsync(Cancel);
            _others++;
            if (response.IsSuccessStatusCode) return;
            _refused.Add($"{request.Method} {request.RequestUri!.AbsolutePath}: {(int)response.StatusCode} {body}");
        }
    }

    private static async Task<Held> LookAsync(HttpClient client, Cluster.Instance instance)
    {
        var id = instance.Process.Id;
        var metrics = await client.GetStringAsync($"http://localhost:{instance.Administration}/metrics", Cancel);
        var live = double.Parse(Live().Match(metrics).Groups[1].Value, CultureInfo.InvariantCulture);
        var resident = Resident().Match(await File.ReadAllTextAsync($"/proc/{id}/status", Cancel)).Groups[1].Value;
        return new Held(Directory.GetFiles($"/proc/{id}/fd").Length, (long)live, long.Parse(resident, CultureInfo.InvariantCulture) << 10);
    }

    [GeneratedRegex(@"^gatehouse_memory_live_bytes\{[^}]*\} (\S+)", RegexOptions.Multiline)]
    private static partial Regex Live();

    [GeneratedRegex(@"^VmRSS:\s+(\d+) kB", RegexOptions.Multiline)]
    private static partial Regex Resident();

    private sealed record Held(int Files, long Live, long Resident)
    {
        public override string ToString() => $"{Files} handles, {Live >> 20} MiB in use of the heap, {Resident >> 20} MiB resident";
    }
}
