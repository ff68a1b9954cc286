using System.Net;
using System.Net.Sockets;

namespace Gatehouse.Upstreams;

/// <summary>
/// Connects to destinations that are declared by name: resolves anew for each connection and tries every address, the next one when one fails or does
/// not answer soon (after RFC 8305, section 5). An address that nobody's service has is not connected to, whatever the name servers say.
/// </summary>
/// <param name="resolve">The addresses of a name; throws <see cref="SocketException"/> when there are none.</param>
internal sealed class Dialer(Func<string, CancellationToken, Task<IPAddress[]>> resolve, TimeProvider clock)
{
    /// <summary>RFC 8305, section 8.</summary>
    private static readonly TimeSpan Head = TimeSpan.FromMilliseconds(250);

    public static Dialer ByDns(TimeProvider clock) => new(Dns.GetHostAddressesAsync, clock);

    /// <exception cref="SocketException">The name leads nowhere, or nobody at its addresses takes a connection.</exception>
    public async ValueTask<Stream> ConnectAsync(DnsEndPoint to, CancellationToken cancel)
    {
        if (IPAddress.TryParse(to.Host, out var literal)) return await ConnectAsync(new IPEndPoint(literal, to.Port), cancel);
        var addresses = (await resolve(to.Host, cancel)).Where(a => !NobodysAddresses.Contain(a)).ToList();
        if (addresses.Count == 0) throw new SocketException((int)SocketError.HostNotFound);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var trying = new List<Task<Stream>>();
        try
        {
            return await FirstAsync(addresses, to.Port, trying, stop.Token);
        }
        finally
        {
            await stop.CancelAsync();
            foreach (var late in trying) Forget(late);
        }
    }

    private async Task<Stream> FirstAsync(List<IPAddress> addresses, int port, List<Task<Stream>> trying, CancellationToken cancel)
    {
        SocketException? failure = null;
        for (var next = 0; ;)
        {
            if (next < addresses.Count) trying.Add(ConnectAsync(new IPEndPoint(addresses[next++], port), cancel));
            else if (trying.Count == 0) throw failure!;
            var soon = Task.Delay(next < addresses.Count ? Head : Timeout.InfiniteTimeSpan, clock, cancel);
            var ended = await Task.WhenAny(trying.Append(soon));
            cancel.ThrowIfCancellationRequested();
            if (ended is not Task<Stream> tried) continue;
            trying.Remove(tried);
            try
            {
                return await tried;
            }
            catch (SocketException e)
            {
                failure = e;
            }
        }
    }

    private static async Task<Stream> ConnectAsync(IPEndPoint to, CancellationToken cancel)
    {
        var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(to, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Another one was faster.</summary>
    private static void Forget(Task<Stream> late) => _ = late.ContinueWith(
        static ended =>
        {
            if (ended.IsCompletedSuccessfully) ended.Result.Dispose();
            else _ = ended.Exception;
        },
        CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
