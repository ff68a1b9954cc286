using System.Globalization;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Limits;

/// <summary>
/// What cells belong to. The window is part of it: cells hold a share of a window, which another <c>allow</c> leaves as it is (who has used
/// half has still used half), but which would mean something else in another window.
/// </summary>
internal static class LimitIdentity
{
    public static string Of(Limit limit, Route route)
    {
        var counts = limit.Form switch
        {
            LimitForm.Even => Units.Write(limit.Every),
            LimitForm.Sliding => "sliding " + Units.Write(limit.Every),
            LimitForm.AtOnce => "at once",
            LimitForm.Day => "day",
            LimitForm.Month => "month",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{Whose(limit, route)} {limit.Name} {counts}");
    }

    private static string Whose(Limit limit, Route route) => limit.Per switch
    {
        Per.All => "all",
        Per.Api => "api " + ApiOf(route),
        Per.Route => "route " + route.Id.Value,
        Per.Person or Per.Consumer or Per.Credential or Per.Address => limit.Across switch
        {
            Across.Route => "route " + route.Id.Value,
            Across.Api => $"api {ApiOf(route)} per {LimitKeys.Word(limit.Per)}",
            Across.All => "all per " + LimitKeys.Word(limit.Per),
        },
    };

    private static string ApiOf(Route route) => route.Id.Value[..route.Id.Value.IndexOf('/', StringComparison.Ordinal)];
}
