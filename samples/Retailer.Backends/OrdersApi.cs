using System.Globalization;
using System.Security.Claims;
using System.Text.Json.Nodes;
using Gatehouse.Backend;
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
            return MaySee(http.User, CustomerOf(id))
                ? RetailerService.AnswerAsync(http, instance, StatusCodes.Status200OK, new JsonObject
                {
                    ["order"] = id,
                    ["status"] = States[id % States.Length],
                })
                : RetailerService.AnswerAsync(http, instance, StatusCodes.Status404NotFound, new JsonObject { ["error"] = "no such order" });
        });

    /// <summary>
    /// What the gateway cannot know: whose order it is. A person sees what is theirs; for others there is no such order. A program that speaks for
    /// itself sees what its route opens to it.
    /// </summary>
    private static bool MaySee(ClaimsPrincipal caller, string customer) => caller.Person() is not { } person || person == customer;

    /// <summary>Every customer of this retailer has ordered once.</summary>
    private static string CustomerOf(int order) => string.Create(CultureInfo.InvariantCulture, $"customer-{order}");
}
