using Gatehouse.Backend;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Retailer.Backends;

/// <summary>Whose word about callers a service takes.</summary>
/// <param name="Issuer">The gateway's name in its assertions.</param>
/// <param name="Keys">Where the gateway publishes its keys.</param>
public sealed record GatewayTrust(string Issuer, Uri Keys)
{
    /// <summary>Where a service says what it refused; null for nowhere.</summary>
    public TextWriter? Log { get; init; }

    /// <summary>Takes callers as the gateway vouches for them to this service.</summary>
    internal void Add(WebApplicationBuilder builder, string instance, string upstream)
    {
        if (Log is not null) builder.Logging.AddProvider(new ServiceLog(instance, Log));
        builder.Services.AddLogging();
        builder.Services.AddMetrics();
        builder.Services.AddAuthentication(GatehouseDefaults.AuthenticationScheme).AddGatehouse(o =>
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
