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
    private const string CustomerCare = "care-staff";

    /// <summary>
    /// A person sees what is theirs, and those who care for customers see it too; for others there is no such thing. A program that speaks for
    /// itself sees what its route opens to it.
    /// </summary>
    public static bool MaySee(this ClaimsPrincipal caller, string customer) =>
        caller.Person() is not { } person
        || (person == customer && !IsStaff(caller))
        || caller.People().Contains(CustomerCare, StringComparer.Ordinal);

    /// <summary>Every customer of this retailer has ordered once, and every order is known by its customer's number.</summary>
    public static string CustomerOf(int order) => string.Create(CultureInfo.InvariantCulture, $"customer-{order}");

    /// <summary>The same answer as for something that is not there, and a line in the service's log: somebody may be trying numbers.</summary>
    public static Task RefuseAsync(HttpContext http, string instance, string what, int id)
    {
        var log = http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(nameof(Ownership));
        Refused(log, what, id, http.User.Consumer(), http.Request.Headers["X-Request-Id"].ToString());
        return RetailerService.NoSuchAsync(http, instance, what);
    }

    /// <summary>A subject means something only together with who knows it: a member of staff may be called like a customer.</summary>
    private static bool IsStaff(ClaimsPrincipal caller) => caller.PersonIssuer() == "staff";

    [LoggerMessage(1, LogLevel.Warning, "{What} {Id} was refused, for it is not the caller's; consumer {Consumer}, request {RequestId}")]
    private static partial void Refused(ILogger log, string what, int id, string? consumer, string requestId);
}
