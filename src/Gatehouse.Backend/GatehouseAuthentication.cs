using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Gatehouse.Backend;

/// <summary>Adds the verification of the gateway's assertions to a backend.</summary>
public static class GatehouseAuthentication
{
    /// <summary>Takes callers as the gateway vouches for them, under the scheme <see cref="GatehouseDefaults.AuthenticationScheme"/>.</summary>
    public static AuthenticationBuilder AddGatehouse(this AuthenticationBuilder builder, Action<GatehouseOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton<Verifiers>();
        builder.Services.TryAddSingleton<RefusedCalls>();
        return builder.AddScheme<GatehouseOptions, GatehouseHandler>(GatehouseDefaults.AuthenticationScheme, configure);
    }
}
