using System.Globalization;
using Gatehouse.Pipeline;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Browser;

/// <summary>
/// Tells browsers with every answer that its type is what it says (<c>X-Content-Type-Options</c>, Fetch standard, section 3.6) and, over TLS, that
/// the host is only reached that way (<c>Strict-Transport-Security</c>, RFC 6797).
/// </summary>
/// <param name="hsts">For how long; null for cleartext, where browsers may not listen to it. Zero says nothing.</param>
internal sealed class BrowserPolicy(TimeSpan? hsts) : Policy
{
    private static readonly StringValues NoSniff = "nosniff";

    private readonly StringValues _onlyTls = hsts is { TotalSeconds: >= 1 } time
        ? "max-age=" + ((long)time.TotalSeconds).ToString(CultureInfo.InvariantCulture) : default(StringValues);

    public override string Name => BrowserKind.KindName;

    public override void OnResponse(Exchange exchange)
    {
        var headers = exchange.ResponseHeaders;
        headers.XContentTypeOptions = NoSniff;
        // a route may say it in its own words
        if (_onlyTls.Count > 0 && headers.StrictTransportSecurity.Count == 0) headers.StrictTransportSecurity = _onlyTls;
    }
}
