using Gatehouse.Policies.Own;
using Gatehouse.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Gatehouse.Hosting;

/// <summary>Carries a gateway in a host of one's own.</summary>
public static class GatehouseHostExtensions
{
    /// <summary>
    /// Serves a declaration as long as the host runs. The gateway listens where the declaration says, beside whatever else the host serves.
    /// A declaration with errors keeps the host from starting, with an <see cref="InvalidOperationException"/> that lists them. A stop of the host
    /// drains the gateway first, and <see cref="HostOptions.ShutdownTimeout"/> becomes longer by what <c>drain</c> says, so that the host's own
    /// services have their time after it. A gateway that may not go on, because the last good declaration that it serves has become too old, stops
    /// the host, with 1 as the process's exit code.
    /// </summary>
    /// <param name="declaration">The declaration's own file.</param>
    /// <param name="policies">Policies of the host's own, in the order in which they decide.</param>
    public static IHostApplicationBuilder AddGatehouse(this IHostApplicationBuilder builder, string declaration, params PolicyKind[] policies)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(declaration);
        ArgumentNullException.ThrowIfNull(policies);
        if (policies.DistinctBy(p => p.Name).Count() < policies.Length)
            throw new ArgumentException("two policies have the same name", nameof(policies));
        return builder.Carry(new GatewayOptions { DeclarationPath = declaration, Kinds = PolicyCatalog.AfterRouteWith(policies) });
    }

    internal static IHostApplicationBuilder Carry(this IHostApplicationBuilder builder, GatewayOptions options)
    {
        builder.Services.AddSingleton(options);
        builder.Services.AddHostedService(services => new CarriedGateway(
            options, services.GetRequiredService<IHostApplicationLifetime>(), services.GetRequiredService<IOptions<HostOptions>>().Value));
        return builder;
    }
}
