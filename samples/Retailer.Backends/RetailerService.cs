using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Retailer.Backends;

/// <summary>
/// One running instance of a retailer's service, on a free loopback port. The services are as plain as real ones often are, and say more about
/// themselves than they should (<c>X-Powered-By</c>, <c>X-Warehouse</c>). Told whose word to take (<see cref="GatewayTrust"/>), they answer only
/// calls that the gateway vouches for; otherwise they know nothing of a gateway.
/// </summary>
public sealed class RetailerService : IAsyncDisposable
{
    private const int LongestBody = 1024;
    private readonly WebApplication _app;

    private RetailerService(string instance, WebApplication app)
    {
        Instance = instance;
        _app = app;
    }

    /// <summary>The instance's name, which every answer carries as <c>servedBy</c>.</summary>
    public string Instance { get; }

    /// <summary>Where it listens: <c>http://127.0.0.1:…</c>.</summary>
    public Uri Address => new(_app.Urls.First());

    public static Task<RetailerService> StartOrdersAsync(string instance, CancellationToken cancelled, GatewayTrust? trust = null) =>
        StartAsync(instance, OrdersApi.Map, trust, "orders", cancelled);

    public static Task<RetailerService> StartReturnsAsync(string instance, CancellationToken cancelled, GatewayTrust? trust = null) =>
        StartAsync(instance, ReturnsApi.Map, trust, "returns", cancelled);

    public static Task<RetailerService> StartCustomersAsync(string instance, CancellationToken cancelled, GatewayTrust? trust = null) =>
        StartAsync(instance, CustomersApi.Map, trust, "customers", cancelled);

    public static Task<RetailerService> StartDocumentsAsync(string instance, CancellationToken cancelled, GatewayTrust? trust = null) =>
        StartAsync(instance, DocumentsApi.Map, trust, "documents", cancelled);

    public static Task<RetailerService> StartStockAsync(string instance, CancellationToken cancelled, GatewayTrust? trust = null) =>
        StartAsync(instance, StockApi.Map, trust, "stock", cancelled);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    /// <summary>Answers with a JSON object, to which the instance's name and what the gateway told it are added.</summary>
    internal static Task AnswerAsync(HttpContext http, string instance, int status, JsonObject body) =>
        WriteAsync(http, instance, status, "application/json", body);

    /// <summary>Answers with a problem (RFC 9457): there is no such thing, or none for this caller.</summary>
    internal static Task NoSuchAsync(HttpContext http, string instance, string what) =>
        WriteAsync(http, instance, StatusCodes.Status404NotFound, "application/problem+json", new JsonObject
        {
            ["type"] = "urn:retailer:problem:no-such-" + what,
            ["title"] = $"There is no such {what}.",
            ["status"] = StatusCodes.Status404NotFound,
        });

    /// <summary>The number of this name in the body, at least 0; null when the body does not say one.</summary>
    internal static async Task<int?> NumberAsync(HttpContext http, string name)
    {
        if (http.Request.ContentLength is null or > LongestBody) return null;
        try
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            return body.RootElement.ValueKind == JsonValueKind.Object && body.RootElement.TryGetProperty(name, out var number)
                && number.TryGetInt32(out var value) && value >= 0 ? value : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static Task WriteAsync(HttpContext http, string instance, int status, string type, JsonObject body)
    {
        body["servedBy"] = instance;
        body["channel"] = http.Request.Headers["X-Channel"].ToString();
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        http.Response.Headers["X-Powered-By"] = "Retailer Classic 4.2";
        http.Response.Headers["X-Warehouse"] = "hall-3";
        return http.Response.WriteAsync(body.ToJsonString());
    }

    private static async Task<RetailerService> StartAsync(
        string instance, Action<IEndpointRouteBuilder, string> map, GatewayTrust? trust, string upstream, CancellationToken cancelled)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        trust?.Add(builder, instance, upstream);
        var app = builder.Build();
        if (trust is not null)
        {
            app.UseAuthentication();
            app.Use(GatewayTrust.RequireAsync);
        }

        app.UseRouting();
        map(app, instance);
        await app.StartAsync(cancelled);
        return new RetailerService(instance, app);
    }
}
