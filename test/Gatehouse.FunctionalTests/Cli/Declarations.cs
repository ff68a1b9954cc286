using System.Net;
using System.Net.Sockets;

namespace Gatehouse.FunctionalTests.Cli;

/// <summary>Declarations for processes, which have to name their ports.</summary>
internal static class Declarations
{
    private static readonly HashSet<int> Taken = [];

    /// <summary>One anonymous route to the retailer's stock service.</summary>
    public static string Stock(int edge, int administration, string destination) =>
        $$"""
        gatehouse: v1
        gateway: { name: test, owner: platform@example.test, environment: test }
        listeners:
          edge: { address: "127.0.0.1:{{edge}}", serves: [public] }
        administration: { address: "127.0.0.1:{{administration}}" }
        drain: { announce: 0s, finish: 10s }
        log: { access: access.log }
        upstreams:
          stock: { destinations: ["{{destination}}"] }
        apis:
          stock:
            owner: stock@example.test
            purpose: Stock levels
            upstream: stock
            routes:
              get-stock:
                match: GET /stock/{article}
                exposure: public
                effect: read
                personalData: none
                access: { anonymous: "A test" }
                limits: [ { per: address, allow: 1000, every: 1m } ]

        """;

    /// <summary>The same with a route that a key opens.</summary>
    public static string StockByKey(int edge, int administration, string destination, string credential) =>
        Stock(edge, administration, destination)
            .Replace("access: { anonymous: \"A test\" }", "access: { consumers: [stock-sync], scopes: [stock.read] }", StringComparison.Ordinal)
        + $$"""
        keys: { pepper: "file:test.pepper" }
        consumers:
          stock-sync:
            kind: service
            owner: stock@example.test
            grants: [stock.read]
            authenticate: [ { apiKey: {{credential}} } ]

        """;

    /// <summary>
    /// A port that is free now. A declaration has to name it before the process listens, so it is one that the system gives to nobody by itself
    /// (Linux takes those from 32768), and to no other test.
    /// </summary>
    public static int FreePort()
    {
        lock (Taken)
        {
            while (true)
            {
                var port = Random.Shared.Next(20_000, 32_000);
                if (Taken.Contains(port) || !CanListen(port)) continue;
                Taken.Add(port);
                return port;
            }
        }
    }

    private static bool CanListen(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
