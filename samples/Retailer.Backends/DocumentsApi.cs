using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Retailer.Backends;

/// <summary>The documents service: papers that travel with a shipment, and the labels of its parcels.</summary>
internal static class DocumentsApi
{
    public static void Map(IEndpointRouteBuilder routes, string instance)
    {
        routes.MapGet("/documents/{documentId}", http => RetailerService.AnswerAsync(http, instance, StatusCodes.Status200OK,
            new JsonObject { ["document"] = (string)http.Request.RouteValues["documentId"]!, ["kind"] = "delivery note" }));
        routes.MapGet("/labels/{parcelId}", http => RetailerService.AnswerAsync(http, instance, StatusCodes.Status200OK,
            new JsonObject { ["parcel"] = (string)http.Request.RouteValues["parcelId"]!, ["kind"] = "label" }));
    }
}
