using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Retailer.Backends;

/// <summary>The orders service: the status of an order, for the customer whose order it is.</summary>
internal static class OrdersApi
{
    private static readonly string[] States = ["received", "packed", "shipped", "delivered"];

    public static void Map(IEndpointRouteBuilder routes, string instance) =>
        routes.MapGet("/orders/{orderId:int}", http =>
        {
            var id = int.Parse((string)http.Request.RouteValues["orderId"]!, CultureInfo.InvariantCulture);
            return http.User.MaySee(Ownership.CustomerOf(id))
                ? RetailerService.AnswerAsync(http, instance, StatusCodes.Status200OK, new JsonObject
                {
                    ["order"] = id,
                    ["status"] = States[id % States.Length],
                })
                : Ownership.RefuseAsync(http, instance, "order", id);
        });
}
