using System.Buffers;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Telemetry.Otlp;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Policies.Intake;

/// <summary>
/// Takes in a request's head: one path, one host, one set of header fields, or a refusal. What comes after may rely on it: path and query can be read
/// in one way only, and no field is left by which a client could pass for a proxy.
/// </summary>
/// <param name="traces">Whether exchanges are traced; null where none are.</param>
internal sealed class IntakePolicy(Listener listener, TraceRules? traces) : Policy
{
    /// <summary>Those of every method that is registered (RFC 9110 section 16.1.1).</summary>
    private static readonly SearchValues<char> MethodCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");

    private readonly ServedHosts _hosts = new(listener);
    private readonly string _scheme = listener.Tls is null ? "http" : "https";

    public override string Name => IntakeKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        var verdict = Decide(exchange);
        TraceContext.Join(exchange, traces); // refusals belong to a trace too
        exchange.RequestHeaders["X-Request-Id"] = exchange.RequestId;
        return new(verdict);
    }

    private Verdict Decide(Exchange exchange)
    {
        if (exchange.HeadFault is { } seen) return Malformed(seen);
        var request = exchange.Http.Request;
        var raw = exchange.Http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (raw.Length > listener.Intake.Target) return Verdict.Reject(Problems.TargetTooLong, "the target is too long");
        if (request.Method.AsSpan().ContainsAnyExcept(MethodCharacters)) return Malformed("the method has an odd character");
        var cleaned = RequestHead.Clean(request, exchange.Nominated, listener.Intake);
        if (cleaned.Kind != VerdictKind.Continue) return cleaned;
        var hosts = request.Headers.Host;
        if (hosts is not [{ } host]) return Malformed("Host is not exactly one host");
        var known = exchange.Connection?.Host is { } last && last.Is(this, host) ? last : null;
        ReadOnlySpan<char> name = default;
        if (known is null && !HostText.TryRead(host, out name, out _)) return Malformed("Host is not exactly one host");
        if (!RequestTarget.TryRead(raw, out var target, out var fault)) return Malformed(fault);
        if (!target.Scheme.IsEmpty && !Agrees(target, host)) return Malformed("the target's authority is not the one of Host");
        if (!NormalPath.TryRead(target.Path, request.Path.Value, out var path, out fault)) return Malformed(fault);
        exchange.Path = path;
        exchange.Query = SameOrCopy(target.Query, request.QueryString.Value);
        if (IsWebSocketOverHttp2(exchange.Http)) exchange.Method = HttpMethods.Get;
        if (known is null) return FindHost(exchange, host, name);
        exchange.Host = known.Host;
        return Verdict.Continue;
    }

    /// <param name="text">The whole value of the field.</param>
    /// <param name="name">The host in it.</param>
    private Verdict FindHost(Exchange exchange, string text, ReadOnlySpan<char> name)
    {
        if (!_hosts.TryFind(name, exchange.Http.Connection.LocalIpAddress, out var host))
            return Verdict.Reject(Problems.Misdirected, "the host is not served");
        if (exchange.ServerName is { } asked && !name.Equals(asked, StringComparison.OrdinalIgnoreCase))
            return Verdict.Reject(Problems.Misdirected, "the host is not the one of the TLS handshake");
        exchange.Host = host;
        if (exchange.Connection is { } connection) connection.Host = new KnownHost(this, text, host);
        return Verdict.Continue;
    }

    /// <summary>An absolute target and <c>Host</c> have to say the same (RFC 9112 section 3.2.2 lets the target win; not everybody does).</summary>
    private bool Agrees(RequestTarget target, string field)
    {
        if (!HostText.TryRead(field, out var host, out var port)) return false;
        if (!target.Scheme.Equals(_scheme, StringComparison.OrdinalIgnoreCase)) return false;
        if (!HostText.TryRead(target.Authority, out var targetHost, out var targetPort)) return false;
        var usual = listener.Tls is null ? 80 : 443;
        return targetHost.Equals(host, StringComparison.OrdinalIgnoreCase) && (targetPort ?? usual) == (port ?? usual);
    }

    /// <summary>RFC 8441 section 4: an extended CONNECT is what GET with Upgrade is in HTTP/1.1.</summary>
    private static bool IsWebSocketOverHttp2(HttpContext http) =>
        HttpMethods.IsConnect(http.Request.Method)
            && http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: "websocket" };

    private static string SameOrCopy(ReadOnlySpan<char> query, string? same) =>
        query.IsEmpty ? "" : same is not null && query.SequenceEqual(same) ? same : query.ToString();

    private static Verdict Malformed(string reason) => Verdict.Reject(Problems.MalformedRequest, reason);
}
