using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Retailer.Backends;

/// <summary>The returns service: what came back, for the customer who sent it, and the wish to send something back.</summary>
internal static class ReturnsApi
{
    private const int Earlier = 700;
    private const int Most = 10_000;

    public static void Map(IEndpointRouteBuilder routes, string instance)
    {
        var last = Earlier;
        var orders = new ConcurrentDictionary<int, int>(); // of each return since; an earlier one has the number of its order
        routes.MapGet("/returns/{returnId:int}", http =>
        {
            var id = int.Parse((string)http.Request.RouteValues["returnId"]!, CultureInfo.InvariantCulture);
            int? order = orders.TryGetValue(id, out var wished) ? wished : id <= Earlier ? id : null;
            if (order is not { } known) return RetailerService.NoSuchAsync(http, instance, "return");
            return http.User.MaySee(Ownership.CustomerOf(known))
                ? RetailerService.AnswerAsync(http, instance, StatusCodes.Status200OK, new JsonObject { ["return"] = id, ["status"] = "expected" })
                : Ownership.RefuseAsync(http, instance, "return", id);
        });
        routes.MapPost("/returns", async http =>
        {
            if (await RetailerService.NumberAsync(http, "order") is not { } order)
            {
                await RetailerService.AnswerAsync(
                    http,
                    instance,
                    StatusCodes.Status400BadRequest,
                    new JsonObject { ["error"] = "the body is {\"order\": NUMBER}" });
                return;
            }

            var id = Interlocked.Increment(ref last);
            if (id <= Earlier + Most) orders[id] = order;
            await RetailerService.AnswerAsync(http, instance, StatusCodes.Status201Created, new JsonObject { ["return"] = id, ["order"] = order });
        });
    }
}
