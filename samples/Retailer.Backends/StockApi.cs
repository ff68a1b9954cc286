using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Retailer.Backends;

/// <summary>The stock service: how many of an article are there, and the correction of that number after a count.</summary>
internal static class StockApi
{
    public static void Map(IEndpointRouteBuilder routes, string instance)
    {
        var available = new ConcurrentDictionary<string, int>(StringComparer.Ordinal) { ["tea-green"] = 12, ["tea-black"] = 40, ["cup-blue"] = 3 };
        routes.MapGet("/stock/{article}", http =>
        {
            var article = (string)http.Request.RouteValues["article"]!;
            return available.TryGetValue(article, out var count)
                ? RetailerService.AnswerAsync(http, instance, StatusCodes.Status200OK, new JsonObject
                {
                    ["article"] = article,
                    ["available"] = count,
                })
                : RetailerService.NoSuchAsync(http, instance, "article");
        });
        routes.MapGet("/stock/{article}/forecast", http => RetailerService.AnswerAsync(http, instance, StatusCodes.Status200OK,
            new JsonObject { ["article"] = (string)http.Request.RouteValues["article"]!, ["daysUntilEmpty"] = 9 }));
        routes.MapPut("/stock/{article}/count", async http =>
        {
            var article = (string)http.Request.RouteValues["article"]!;
            if (await RetailerService.NumberAsync(http, "counted") is not { } count)
                await RetailerService.AnswerAsync(http, instance, StatusCodes.Status400BadRequest, new JsonObject
                {
                    ["error"] = "the body is {\"counted\": NUMBER}",
                });
            else if (!available.ContainsKey(article))
                await RetailerService.NoSuchAsync(http, instance, "article");
            else
                await RetailerService.AnswerAsync(http, instance, StatusCodes.Status200OK, new JsonObject
                {
                    ["article"] = article,
                    ["available"] = available[article] = count,
                });
        });
    }
}
