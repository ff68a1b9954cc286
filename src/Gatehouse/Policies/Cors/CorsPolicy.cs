using System.Globalization;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Cors;

/// <summary>
/// Answers preflights, and tells browsers which origin may read an answer (Fetch standard, section 3.2). Everything is written when the route is
/// compiled: a request without <c>Origin</c> costs a comparison.
/// </summary>
internal sealed class CorsPolicy : Policy
{
    private static readonly StringValues Yes = "true";
    private static readonly StringValues ByOrigin = "Origin";

    private readonly (string Text, StringValues Value)[] _origins;
    private readonly bool _everybody;
    private readonly StringValues _method;
    private readonly StringValues _headers;
    private readonly StringValues _expose;
    private readonly StringValues _credentials;
    private readonly StringValues _maxAge;

    /// <param name="method">The route's method.</param>
    public CorsPolicy(CorsSpec spec, string method)
    {
        Spec = spec;
        _everybody = spec.IsForEverybody;
        _origins = [.. spec.Origins.Select(o => (o, new StringValues(o)))];
        _method = method;
        _headers = Join(spec.Headers);
        _expose = Join(spec.Expose);
        _credentials = spec.Credentials ? Yes : default;
        _maxAge = spec.MaxAge is { } age ? ((long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture) : default(StringValues);
    }

    public override string Name => CorsKind.KindName;

    /// <summary>What is enforced.</summary>
    public CorsSpec Spec { get; }

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        exchange.Origin = exchange.RequestHeaders.Origin; // the service may be told another one, or none
        if (exchange.Preflight is not { } preflight) return new(Verdict.Continue);
        exchange.ResponseHeaders.Allow = preflight.Allow;
        if (Admit(exchange.Origin).Count == 0)
            return new(Verdict.Reject(Problems.MethodNotAllowed, "a preflight from an origin that the route does not name"));
        exchange.Http.Response.StatusCode = StatusCodes.Status204NoContent;
        return new(Verdict.Answered);
    }

    public override void OnResponse(Exchange exchange)
    {
        var headers = exchange.ResponseHeaders;
        if (exchange.Preflight is not null && exchange.Problem is not null) return; // exactly what any OPTIONS gets
        TakeAwayBackends(headers);
        if (!_everybody) AddVary(headers);
        if (exchange.Origin.Count == 0) return;
        var admitted = Admit(exchange.Origin);
        if (admitted.Count == 0) return;
        headers.AccessControlAllowOrigin = admitted;
        headers.AccessControlAllowCredentials = _credentials;
        if (exchange.Preflight is null)
        {
            headers.AccessControlExposeHeaders = _expose;
            return;
        }

        headers.AccessControlAllowMethods = _method;
        headers.AccessControlAllowHeaders = _headers;
        headers.AccessControlMaxAge = _maxAge;
    }

    /// <summary>Takes away what a backend itself says to other sites' scripts.</summary>
    public static void TakeAwayBackends(IHeaderDictionary headers)
    {
        headers.AccessControlAllowOrigin = default;
        headers.AccessControlAllowCredentials = default;
        headers.AccessControlAllowMethods = default;
        headers.AccessControlAllowHeaders = default;
        headers.AccessControlExposeHeaders = default;
        headers.AccessControlMaxAge = default;
        headers.Remove("Access-Control-Allow-Private-Network");
        headers.Remove("Access-Control-Allow-Local-Network");
    }

    /// <summary>What <c>Access-Control-Allow-Origin</c> says to this origin; nothing to a stranger, and to who names two.</summary>
    private StringValues Admit(StringValues origin)
    {
        if (origin.Count != 1) return default;
        if (_everybody) return _origins[0].Value;
        foreach (var (text, value) in _origins)
            if (string.Equals(text, origin[0], StringComparison.Ordinal)) return value;
        return default;
    }

    /// <summary>A cache must not hand the answer for one origin to another (RFC 9110 section 12.5.5).</summary>
    private static void AddVary(IHeaderDictionary headers)
    {
        var vary = headers.Vary;
        for (var i = 0; i < vary.Count; i++)
        {
            foreach (var part in vary[i].AsSpan().Split(','))
                if (vary[i].AsSpan()[part].Trim() is var name && (name is "*" || name.Equals("Origin", StringComparison.OrdinalIgnoreCase))) return;
        }

        headers.Vary = vary.Count == 0 ? ByOrigin : StringValues.Concat(vary, ByOrigin);
    }

    private static StringValues Join(IReadOnlyList<string> names) => names.Count == 0 ? default : new StringValues(string.Join(", ", names));
}
