using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace Gatehouse.LoadBench;

/// <summary>YARP as its documentation sets it up, with one route, no logging and no policies: what a gateway's work is compared with.</summary>
internal static class BareYarp
{
    public static async Task<int> ServeAsync(int port, string upstream)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "one", Match = new RouteMatch { Path = "/orders/{**rest}" } }],
            [new ClusterConfig
            {
                ClusterId = "one",
                Destinations = new Dictionary<string,
                DestinationConfig> { ["d"] = new() { Address = upstream } },
            }]);
        var app = builder.Build();
        app.MapReverseProxy();
        await app.RunAsync();
        return 0;
    }
}
