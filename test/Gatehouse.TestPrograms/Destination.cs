using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Gatehouse.TestPrograms;

/// <summary>A service: it answers with its name, at once or, where the path ends in <c>slow</c>, after a while.</summary>
internal static class Destination
{
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(300);

    public static async Task<int> RunAsync(string port, string name)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        await using var app = builder.Build();
        app.Run(async http =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null, http.RequestAborted);
            if (http.Request.Path.Value?.EndsWith("slow", StringComparison.Ordinal) == true) await Task.Delay(Slow, http.RequestAborted);
            await http.Response.WriteAsync(name, http.RequestAborted);
        });
        await app.StartAsync();
        Console.WriteLine($"destination {name} listens");
        await app.WaitForShutdownAsync();
        return 0;
    }
}
