namespace Gatehouse.FunctionalTests;

/// <summary>What this process holds. Whoever measures that is in this collection, so that no other test runs beside.</summary>
[CollectionDefinition(nameof(ProcessMemory), DisableParallelization = true)]
public sealed class ProcessMemory
{
    /// <summary>Bytes in use of the heap.</summary>
    public static long InUse() => GC.GetTotalMemory(forceFullCollection: true);

    public static void HasGrownAtMost(long bytes, long before)
    {
        var more = InUse() - before;
        Assert.True(more <= bytes, $"{more} bytes more memory than before");
    }
}
