namespace Gatehouse.TestKit;

/// <summary>Waits for what has no event of its own, by asking again until it holds.</summary>
internal static class Eventually
{
    public static async Task HoldsAsync(Func<Task<bool>> question, CancellationToken cancel)
    {
        using var between = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var since = TimeProvider.System.GetTimestamp();
        while (!await question())
        {
            if (TimeProvider.System.GetElapsedTime(since) > Patience.Limit) throw new TimeoutException($"it does not hold within {Patience.Limit}");
            await between.WaitForNextTickAsync(cancel); // the machine is also that of who is asked
        }
    }
}
