using System.Globalization;
using Gatehouse.Audit;

namespace Gatehouse.Cli.Commands.Audit;

/// <summary>What was asked for, as the record of a reading says it. For whom and about whom is kept as personal, beside it.</summary>
internal static class QueryWords
{
    public static IEnumerable<AuditDetail> Of(AuditQuery query)
    {
        if (query.Consumer is { } consumer) yield return new AuditDetail("consumer", consumer);
        if (query.Route is { } route) yield return new AuditDetail("route", route);
        if (query.Since is { } since) yield return new AuditDetail("since", Time(since));
        if (query.Until is { } until) yield return new AuditDetail("until", Time(until));
        if (AuditWords.Of(query.Decision) is { } decision) yield return new AuditDetail("decision", decision);
        if (query.Problem is { } problem) yield return new AuditDetail("problem", problem);
        if (query.RequestId is { } request) yield return new AuditDetail("request", request);
        if (query.Kinds.Count > 0) yield return new AuditDetail("kinds", string.Join(',', query.Kinds.Select(AuditWords.Of).Order(StringComparer.Ordinal)));
        if (query.Persons.Count > 0) yield return new AuditDetail("person", "given");
        if (query.About.Count > 0) yield return new AuditDetail("about", "given");
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
