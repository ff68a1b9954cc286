using System.Net;
using System.Security.Cryptography;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using Serilog;
using Serilog.Events;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Transforms;

namespace Gatehouse.LoadBench;

/// <summary>
/// What a .NET team writes today: YARP with JwtBearer (one key), the rate limiter by subject, Serilog's request log into a file, header transforms.
/// </summary>
internal static class OrdinaryYarp
{
    private const int Everything = 1_000_000_000;

    public static async Task<int> ServeAsync(int port, string upstream, string publicKey, string log)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Logging.ClearProviders();
        builder.Services.AddSerilog(c => c.MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning).MinimumLevel.Override("Yarp", LogEventLevel.Warning)
            .MinimumLevel.Override("System", LogEventLevel.Warning)
            .WriteTo.Async(a => a.File(log, fileSizeLimitBytes: null,
                outputTemplate: "{Timestamp:O} {Consumer} {RequestMethod} {RequestPath} {StatusCode} {Elapsed:0.000}{NewLine}"), blockWhenFull: true));
        Authenticate(builder.Services, publicKey);
        builder.Services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = 429;
            limiter.AddPolicy("per-caller", http => RateLimitPartition.GetFixedWindowLimiter(
                http.User.FindFirst("sub")?.Value ?? "anonymous",
                _ => new FixedWindowRateLimiterOptions { PermitLimit = Everything, Window = TimeSpan.FromSeconds(1), QueueLimit = 0 }));
        });
        Forward(builder.Services, upstream);
        var app = builder.Build();
        app.UseSerilogRequestLogging(o => o.EnrichDiagnosticContext = (d, http) => d.Set("Consumer", http.User.FindFirst("sub")?.Value ?? "-"));
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRateLimiter();
        app.MapReverseProxy();
        await app.RunAsync();
        return 0;
    }

    private static void Authenticate(IServiceCollection services, string publicKey)
    {
        var rsa = RSA.Create();
        rsa.ImportFromPem(File.ReadAllText(publicKey));
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(bearer =>
        {
            bearer.MapInboundClaims = false;
            bearer.TokenValidationParameters = new TokenValidationParameters
            {
                ValidIssuer = TokenSet.Issuer,
                ValidAudience = TokenSet.Audience,
                IssuerSigningKey = new RsaSecurityKey(rsa) { KeyId = "k1" },
                ValidAlgorithms = ["RS256"],
                NameClaimType = "sub",
            };
        });
        services.AddAuthorization(o => o.AddPolicy("orders.read", policy => policy.RequireAuthenticatedUser()
            .RequireAssertion(c => c.User.FindFirst("scope")?.Value.Split(' ').Contains("orders.read") == true)));
    }

    private static void Forward(IServiceCollection services, string upstream) =>
        services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig
            {
                RouteId = "orders",
                ClusterId = "one",
                Match = new RouteMatch { Path = "/orders/{**rest}" },
                AuthorizationPolicy = "orders.read",
                RateLimiterPolicy = "per-caller",
            }],
            [new ClusterConfig
            {
                ClusterId = "one",
                Destinations = new Dictionary<string, DestinationConfig> { ["d"] = new() { Address = upstream } },
            }])
            .AddTransforms(transforms =>
            {
                transforms.AddRequestTransform(c =>
                {
                    c.ProxyRequest.Headers.Remove("X-Consumer");
                    if (c.HttpContext.User.FindFirst("sub")?.Value is { } sub) c.ProxyRequest.Headers.TryAddWithoutValidation("X-Consumer", sub);
                    return ValueTask.CompletedTask;
                });
                transforms.AddResponseHeaderRemove("Server");
            });
}
