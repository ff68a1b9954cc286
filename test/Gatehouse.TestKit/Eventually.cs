namespace Gatehouse.TestKit;

/// <summary>Waits for what has no event of its own, by asking again until it holds.</summary>
internal static class Eventually
{
    public static async Task HoldsAsync(Func<Task<bool>> question, CancellationToken cancel)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!await question())
        {
            if (TimeProvider.System.GetElapsedTime(since) > Patience.Limit) throw new TimeoutException($"it does not hold within {Patience.Limit}");
            await Task.Delay(5, cancel); // the machine is also that of who is asked
        }
    }
}
