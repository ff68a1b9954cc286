using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Gatehouse.TestPrograms;

/// <summary>
/// A service: it answers with its name, at once or, where the path ends in <c>slow</c>, after a while; with a mebibyte where it ends in <c>large</c>.
/// </summary>
internal static class Destination
{
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(300);
    private static readonly byte[] Large = new byte[1 << 20];

    public static async Task<int> RunAsync(string port, string name)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        await using var app = builder.Build();
        app.Run(async http =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null, http.RequestAborted);
            var path = http.Request.Path.Value ?? "";
            if (path.EndsWith("slow", StringComparison.Ordinal)) await Task.Delay(Slow, http.RequestAborted);
            if (path.EndsWith("large", StringComparison.Ordinal)) await http.Response.Body.WriteAsync(Large, http.RequestAborted);
            else await http.Response.WriteAsync(name, http.RequestAborted);
        });
        await app.StartAsync();
        Console.WriteLine($"destination {name} listens");
        await app.WaitForShutdownAsync();
        return 0;
    }
}
