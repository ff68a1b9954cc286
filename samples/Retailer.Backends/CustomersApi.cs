using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Retailer.Backends;

/// <summary>The customers service: who somebody is, and the end of what is known of them.</summary>
internal static class CustomersApi
{
    public static void Map(IEndpointRouteBuilder routes, string instance)
    {
        var erased = new ConcurrentDictionary<int, bool>();
        routes.MapGet("/customers/{customerId:int}", http =>
        {
            var id = IdOf(http);
            return erased.ContainsKey(id)
                ? RetailerService.NoSuchAsync(http, instance, "customer")
                : RetailerService.AnswerAsync(
                    http,
                    instance,
                    StatusCodes.Status200OK,
                    new JsonObject { ["customer"] = id, ["name"] = $"Customer {id}" });
        });
        routes.MapDelete("/customers/{customerId:int}", http =>
        {
            erased[IdOf(http)] = true;
            return RetailerService.AnswerAsync(http, instance, StatusCodes.Status200OK, new JsonObject { ["erased"] = IdOf(http) });
        });
    }

    private static int IdOf(HttpContext http) => int.Parse((string)http.Request.RouteValues["customerId"]!, CultureInfo.InvariantCulture);
}
