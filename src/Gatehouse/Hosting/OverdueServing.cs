using Microsoft.AspNetCore.Connections;

namespace Gatehouse.Hosting;

/// <summary>
/// Leaves Kestrel behind where it does not come back from a connection of HTTP/2 that is closed. It keeps the answers that are to be written in a
/// queue of bounded length; one that finds it full, as in a flood of streams that are taken back, is dropped, and with it the end of its stream, for
/// which Kestrel then waits for ever. What nobody refers to any more is collected; the place of the connection is free, and the gateway can stop.
/// </summary>
internal static class OverdueServing
{
    /// <summary>Nothing is under way at so many looks: then nothing more will be.</summary>
    public const int Looks = 5;

    public static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    /// <summary>Serves a connection. Ends when that does, or soon after its last exchange where it is closed.</summary>
    public static async Task ServeAsync(ConnectionContext connection, AcceptedConnection accepted, ConnectionDelegate next, TimeProvider clock)
    {
        var serving = next(connection);
        if (!serving.IsCompleted)
        {
            var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var hearing = connection.ConnectionClosed.UnsafeRegister(static c => ((TaskCompletionSource)c!).TrySetResult(), closed);
            await Task.WhenAny(serving, closed.Task);
            for (var looks = 0; looks < Looks && !serving.IsCompleted; looks = accepted.UnderWay == 0 ? looks + 1 : 0)
                await Task.WhenAny(serving, Task.Delay(BetweenLooks, clock));
        }

        if (serving.IsCompleted) await serving;
    }
}
