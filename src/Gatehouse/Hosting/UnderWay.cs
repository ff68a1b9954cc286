namespace Gatehouse.Hosting;

/// <summary>How many exchanges are under way. Counted by processor, so that no processor waits for another; only the sum means something.</summary>
internal sealed class UnderWay
{
    private const int Apart = 16; // of 8 bytes: two lines of a processor's cache
    private static readonly int Places = Math.Min(Environment.ProcessorCount, 64);
    private readonly long[] _counts = new long[(Places + 1) * Apart];

    public long Count
    {
        get
        {
            var sum = 0L;
            for (var i = 1; i <= Places; i++) sum += Volatile.Read(ref _counts[i * Apart]);
            return sum;
        }
    }

    public void Enter() => Interlocked.Increment(ref Place());

    public void Leave() => Interlocked.Decrement(ref Place());

    private ref long Place() => ref _counts[((int)((uint)Thread.GetCurrentProcessorId() % (uint)Places) + 1) * Apart];
}
