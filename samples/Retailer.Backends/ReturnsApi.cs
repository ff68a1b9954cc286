using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Retailer.Backends;

/// <summary>The returns service: what came back, and the wish to send something back.</summary>
internal static class ReturnsApi
{
    public static void Map(IEndpointRouteBuilder routes, string instance)
    {
        var last = 700;
        routes.MapGet("/returns/{returnId:int}", http => RetailerService.AnswerAsync(http, instance, StatusCodes.Status200OK,
            new JsonObject
            {
                ["return"] = int.Parse((string)http.Request.RouteValues["returnId"]!, CultureInfo.InvariantCulture),
                ["status"] = "expected",
            }));
        routes.MapPost("/returns", async http =>
        {
            if (await RetailerService.NumberAsync(http, "order") is { } order)
                await RetailerService.AnswerAsync(
                    http,
                    instance,
                    StatusCodes.Status201Created,
                    new JsonObject { ["return"] = Interlocked.Increment(ref last), ["order"] = order });
            else
                await RetailerService.AnswerAsync(
                    http,
                    instance,
                    StatusCodes.Status400BadRequest,
                    new JsonObject { ["error"] = "the body is {\"order\": NUMBER}" });
        });
    }
}
