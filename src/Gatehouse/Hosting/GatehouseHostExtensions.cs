using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Gatehouse.Hosting;

/// <summary>Carries a gateway in a host of one's own.</summary>
public static class GatehouseHostExtensions
{
    /// <summary>
    /// Serves a declaration as long as the host runs. The gateway listens where the declaration says, beside whatever else the host serves. A declaration
    /// with errors keeps the host from starting, with an <see cref="InvalidOperationException"/> that lists them.
    /// </summary>
    /// <param name="declaration">The declaration's own file.</param>
    /// <param name="environment">The name of the environment whose file, <c>environments/NAME.yaml</c> beside the declaration, says where things are; null for none.</param>
    public static IHostApplicationBuilder AddGatehouse(this IHostApplicationBuilder builder, string declaration, string? environment = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(declaration);
        builder.Services.AddHostedService(_ => new CarriedGateway(new GatewayOptions { DeclarationPath = declaration, Environment = environment }));
        return builder;
    }
}
