using System.Diagnostics;
using System.Net.Http.Headers;

namespace Gatehouse.FunctionalTests.Overload;

/// <summary>Calls at an even pace, whether answers come or not, as many clients together make them; at most so many are under way.</summary>
internal sealed class Offer(HttpClient client, string path, double perSecond, int most)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private readonly List<Answer> _answers = [];
    private int _underWay;

    /// <summary>What became of each call. One that could not be made, because too many were under way, has no status.</summary>
    public async Task<IReadOnlyList<Answer>> MakeAsync(TimeSpan time, CancellationToken cancel)
    {
        using var ticks = new PeriodicTimer(Tick);
        var begin = Stopwatch.GetTimestamp();
        var calls = new List<Task>();
        var made = 0;
        while (Stopwatch.GetElapsedTime(begin) is var now && now < time)
        {
            for (; made < now.TotalSeconds * perSecond; made++)
            {
                if (Volatile.Read(ref _underWay) < most) calls.Add(CallAsync(cancel));
                else Add(new Answer(0, TimeSpan.Zero, null, ""));
            }

            await ticks.WaitForNextTickAsync(cancel);
        }

        await Task.WhenAll(calls);
        lock (_answers) return [.. _answers];
    }

    private async Task CallAsync(CancellationToken cancel)
    {
        Interlocked.Increment(ref _underWay);
        var begin = Stopwatch.GetTimestamp();
        try
        {
            using var response = await client.GetAsync(path, cancel);
            var text = await response.Content.ReadAsStringAsync(cancel);
            Add(new Answer((int)response.StatusCode, Stopwatch.GetElapsedTime(begin), response.Headers.RetryAfter, text));
        }
        catch (HttpRequestException e)
        {
            Add(new Answer(0, Stopwatch.GetElapsedTime(begin), null, e.Message));
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    private void Add(Answer answer)
    {
        lock (_answers) _answers.Add(answer);
    }
}

/// <param name="Status">0 for none.</param>
internal sealed record Answer(int Status, TimeSpan Took, RetryConditionHeaderValue? RetryAfter, string Text);
