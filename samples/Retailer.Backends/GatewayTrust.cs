using Gatehouse.Backend;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Retailer.Backends;

/// <summary>Whose word about callers a service takes.</summary>
/// <param name="Issuer">The gateway's name in its assertions.</param>
/// <param name="Keys">Where the gateway publishes its keys.</param>
public sealed record GatewayTrust(string Issuer, Uri Keys)
{
    /// <summary>Takes callers as the gateway vouches for them to this service.</summary>
    internal void Add(IServiceCollection services, string upstream)
    {
        services.AddLogging();
        services.AddMetrics();
        services.AddAuthentication(GatehouseDefaults.AuthenticationScheme).AddGatehouse(o =>
        {
            o.Issuer = Issuer;
            o.Audience = upstream;
            o.KeysUrl = Keys;
        });
    }

    /// <summary>Nothing is answered that the gateway does not vouch for, whatever the path.</summary>
    internal static Task RequireAsync(HttpContext http, RequestDelegate next) =>
        http.User.Identity is { IsAuthenticated: true } ? next(http) : http.ChallengeAsync();
}
