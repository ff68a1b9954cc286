using System.Net;
using System.Net.Sockets;

namespace Gatehouse.Cli.Commands.Demo;

/// <summary>Where the demo listens: friendly ports when they are free, any others when they are not.</summary>
/// <param name="Desk">Where the retailer's own administrative routes are served.</param>
/// <param name="Issuer">Where the demo's own issuer gives tokens.</param>
/// <param name="Administration">The gateway's own administration.</param>
internal sealed record DemoDoors(Uri Edge, Uri Inside, Uri Partners, Uri Desk, Uri Issuer, Uri Administration)
{
    /// <summary>The port where <c>gatehouse demo token</c> looks for the issuer unless it is told another.</summary>
    public const int FriendlyIssuer = 8090;

    public static DemoDoors Choose()
    {
        var taken = new HashSet<int>();
        return new DemoDoors(
            Free(8080, taken), Free(8081, taken), Free(8082, taken, "https"), Free(8083, taken), Free(FriendlyIssuer, taken), Free(9900, taken));
    }

    private static Uri Free(int friendly, HashSet<int> taken, string scheme = "http")
    {
        var port = TryListen(friendly) ?? TryListen(0) ?? throw new IOException("no loopback port is free");
        while (!taken.Add(port)) port = TryListen(0) ?? throw new IOException("no loopback port is free");
        return new Uri($"{scheme}://127.0.0.1:{port}");
    }

    /// <summary>The port that could be listened on, which is released again: the declaration has to name it before the gateway listens.</summary>
    private static int? TryListen(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
