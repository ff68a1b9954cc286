using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Retailer.Backends;

/// <summary>The orders service: the status of an order.</summary>
internal static class OrdersApi
{
    private static readonly string[] States = ["received", "packed", "shipped", "delivered"];

    public static void Map(IEndpointRouteBuilder routes, string instance) =>
        routes.MapGet("/orders/{orderId:int}", http =>
        {
            var id = int.Parse((string)http.Request.RouteValues["orderId"]!, System.Globalization.CultureInfo.InvariantCulture);
            return RetailerService.AnswerAsync(http, instance, StatusCodes.Status200OK, new JsonObject
            {
                ["order"] = id,
                ["status"] = States[id % States.Length],
            });
        });
}
