using System.Globalization;
using System.Security.Claims;
using Gatehouse.Backend;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Retailer.Backends;

/// <summary>What a gateway cannot know: whose data something is.</summary>
internal static partial class Ownership
{
    private const string Customers = "customers";
    private const string Staff = "staff";
    private const string CustomerCare = "care-staff";

    /// <summary>
    /// A customer sees what is theirs, and those of the staff who care for customers see it too; for others there is no such thing. A subject means
    /// something only together with who knows it: a member of staff may be called like a customer. A program that speaks for itself sees nothing,
    /// for none of this retailer's has to; one that had would get a rule here with its name.
    /// </summary>
    public static bool MaySee(this ClaimsPrincipal caller, string customer) => caller.PersonIssuer() switch
    {
        Customers => caller.Person() == customer,
        Staff => caller.People().Contains(CustomerCare, StringComparer.Ordinal),
        _ => false,
    };

    /// <summary>Every customer of this retailer has ordered once, and every order is known by its customer's number.</summary>
    public static string CustomerOf(int order) => string.Create(CultureInfo.InvariantCulture, $"customer-{order}");

    /// <summary>The same answer as for something that is not there, and a line in the service's log: somebody may be trying numbers.</summary>
    public static Task RefuseAsync(HttpContext http, string instance, string what, int id)
    {
        var log = http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(nameof(Ownership));
        Refused(log, what, id, http.User.Consumer(), http.Request.Headers["X-Request-Id"].ToString());
        return RetailerService.NoSuchAsync(http, instance, what);
    }

    [LoggerMessage(1, LogLevel.Warning, "{What} {Id} was refused, for it is not the caller's; consumer {Consumer}, request {RequestId}")]
    private static partial void Refused(ILogger log, string what, int id, string? consumer, string requestId);
}
