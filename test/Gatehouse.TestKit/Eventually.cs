namespace Gatehouse.TestKit;

/// <summary>Waits for what has no event of its own, by asking again until it holds; the test's own time limit ends it.</summary>
internal static class Eventually
{
    public static async Task HoldsAsync(Func<Task<bool>> question, CancellationToken cancel)
    {
        while (!await question())
        {
            cancel.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
