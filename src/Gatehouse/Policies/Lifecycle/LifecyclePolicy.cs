using System.Globalization;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Lifecycle;

/// <summary>
/// Tells callers of a route that it ends, when, and where to go: <c>Deprecation</c> (RFC 9745), <c>Sunset</c> (RFC 8594), <c>Link</c> (RFC 8288, with
/// <c>successor-version</c> of RFC 5829). From the instant of the sunset it refuses every call, so that no backend hears of one. Everything that does
/// not depend on the request is written when the route is compiled.
/// </summary>
internal sealed class LifecyclePolicy(Routes.Lifecycle lifecycle, SuccessorPath? successor, TimeProvider clock) : Policy
{
    private readonly long _endsAt = lifecycle.Sunset?.UtcTicks ?? long.MaxValue;
    private readonly StringValues _deprecation = lifecycle.Deprecated is { } day
        ? "@" + day.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)
        : default(StringValues);
    private readonly StringValues _sunset = lifecycle.Sunset is { } end ? end.ToString("r", CultureInfo.InvariantCulture) : default(StringValues);
    private readonly StringValues _documentation = DocumentationOf(lifecycle);

    public override string Name => LifecycleKind.KindName;

    /// <summary>What callers are told.</summary>
    public Routes.Lifecycle Lifecycle { get; } = lifecycle;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange) =>
        new(_endsAt != long.MaxValue && clock.GetUtcNow().UtcTicks >= _endsAt
            ? Verdict.Reject(Problems.Gone, "the route's sunset has passed")
            : Verdict.Continue);

    public override void OnResponse(Exchange exchange)
    {
        var headers = exchange.ResponseHeaders;
        if (_deprecation.Count > 0) headers["Deprecation"] = _deprecation;
        if (_sunset.Count > 0) headers["Sunset"] = _sunset;
        var links = headers.Link; // the backend's own stay
        if (_documentation.Count > 0) links = StringValues.Concat(links, _documentation);
        if (successor is not null) links = StringValues.Concat(links, $"<{successor.For(exchange.Path)}>; rel=\"successor-version\"");
        if (links.Count > 0) headers.Link = links;
    }

    private static StringValues DocumentationOf(Routes.Lifecycle lifecycle)
    {
        if (lifecycle.Documentation is not { } address) return default;
        var relations = lifecycle.Deprecated is null ? "sunset" : lifecycle.Sunset is null ? "deprecation" : "deprecation sunset";
        return $"<{address}>; rel=\"{relations}\"";
    }
}
