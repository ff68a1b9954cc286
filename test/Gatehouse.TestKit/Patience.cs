namespace Gatehouse.TestKit;

/// <summary>How long a test waits for what must come: a test that waits without end says nothing, and keeps all others from being heard.</summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
}
