using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Telemetry;
using Gatehouse.Telemetry.Otlp;

namespace Gatehouse.Policies.Record;

/// <summary>
/// Tells an exchange as spans (OpenTelemetry's semantic conventions of HTTP): one for itself, one for each time that it was sent. What is in them is
/// the closed list below: the route's template and never a path, no query, no header field, no address of a client, nothing of a person.
/// </summary>
internal sealed class ExchangeSpans(OtlpChannel to, TimeProvider clock)
{
    private const int SpanField = 2;
    private const int Server = 2;
    private const int Client = 3;
    private const int Error = 2;

    /// <summary>Tells the exchange if it is sampled or refused. One that was refused before it had a trace gets one.</summary>
    public void Tell(Exchange exchange)
    {
        if (exchange.Trace is not { } trace)
        {
            exchange.Trace = trace = ExchangeTrace.Begin();
            exchange.TraceId = trace.TraceText;
        }

        if (!trace.IsSampled && exchange.Problem is null) return;
        var (now, at) = (UnixTime.NanosecondsOf(clock.GetUtcNow()), clock.GetTimestamp());
        Write(exchange, trace, now - Nanoseconds(exchange.StartedAt, at), now);
        foreach (var attempt in trace.Attempts)
        {
            var end = attempt.EndedAt == 0 ? at : attempt.EndedAt;
            Write(exchange, attempt, now - Nanoseconds(attempt.BeganAt, at), now - Nanoseconds(end, at));
        }
    }

    private void Write(Exchange exchange, ExchangeTrace trace, ulong start, ulong end)
    {
        var buffer = ProtoBuffer.Begin();
        var span = buffer.Open(SpanField);
        var method = HttpWords.Methods[HttpWords.PlaceOf(exchange.Method)];
        var route = exchange.Route;
        Head(buffer, trace.Trace, trace.Span, trace.Parent, Server, start, end);
        Name(buffer, method, route?.Match.Path.Text);
        buffer.Attribute(9, "http.request.method"u8, method);
        buffer.Attribute(9, "url.scheme"u8, exchange.Listener.Tls is null ? "http" : "https");
        buffer.Attribute(9, "network.protocol.version"u8, HttpWords.VersionOf(exchange.Http.Request.Protocol));
        if (exchange.Host.Length > 0) buffer.Attribute(9, "server.address"u8, exchange.Host);
        if (exchange.Status != 0) buffer.Attribute(9, "http.response.status_code"u8, exchange.Status);
        buffer.Attribute(9, "gatehouse.request.id"u8, exchange.RequestId);
        buffer.Attribute(9, "gatehouse.listener"u8, exchange.Listener.Name);
        buffer.Attribute(9, "gatehouse.revision"u8, exchange.Revision);
        if (route is not null) OfRoute(buffer, route);
        if (exchange.Consumer is { } consumer) buffer.Attribute(9, "gatehouse.consumer"u8, consumer.Id.Value);
        OfDecision(buffer, exchange);
        Status(buffer, exchange.Status >= 500);
        buffer.Close(span);
        if (!buffer.IsOver) to.Write(buffer.Written);
    }

    private static void OfRoute(ProtoBuffer buffer, Route route)
    {
        buffer.Attribute(9, "http.route"u8, route.Match.Path.Text);
        buffer.Attribute(9, "gatehouse.route"u8, route.Id.Value);
    }

    /// <summary>Reasons are constant texts of the gateway.</summary>
    private static void OfDecision(ProtoBuffer buffer, Exchange exchange)
    {
        if (exchange.Problem is { } problem) buffer.Attribute(9, "gatehouse.problem"u8, problem.Name);
        if (exchange.Reason is { } reason) buffer.Attribute(9, "gatehouse.reason"u8, reason);
        if (exchange.DecidedBy is { } decidedBy) buffer.Attribute(9, "gatehouse.decided_by"u8, decidedBy);
        if (ErrorOf(exchange) is { } error) buffer.Attribute(9, "error.type"u8, error);
    }

    /// <summary>What a server's span calls an error is one of the server's: the problem's name, or a service's status.</summary>
    public static string? ErrorOf(Exchange exchange) =>
        exchange.Status < 500 ? null : exchange.Problem?.Name ?? HttpWords.TextOf(exchange.Status);

    private void Write(Exchange exchange, AttemptTrace attempt, ulong start, ulong end)
    {
        var buffer = ProtoBuffer.Begin();
        var span = buffer.Open(SpanField);
        var method = HttpWords.Methods[HttpWords.PlaceOf(exchange.Method)];
        Head(buffer, attempt.Of.Trace, attempt.Span, attempt.Of.Span, Client, start, end);
        Name(buffer, method, null);
        buffer.Attribute(9, "http.request.method"u8, method);
        buffer.Attribute(9, "server.address"u8, attempt.Destination.Host);
        buffer.Attribute(9, "server.port"u8, attempt.Destination.Port);
        if (attempt.Status != 0) buffer.Attribute(9, "http.response.status_code"u8, attempt.Status);
        buffer.Attribute(9, "gatehouse.upstream"u8, attempt.Upstream);
        var resent = IndexOf(attempt);
        if (resent > 0) buffer.Attribute(9, "http.request.resend_count"u8, resent);
        var error = attempt.Error ?? (attempt.Status >= 400 ? HttpWords.TextOf(attempt.Status) : null);
        if (error is not null) buffer.Attribute(9, "error.type"u8, error);
        Status(buffer, error is not null);
        buffer.Close(span);
        if (!buffer.IsOver) to.Write(buffer.Written);
    }

    private static int IndexOf(AttemptTrace attempt)
    {
        var all = attempt.Of.Attempts;
        for (var i = 0; i < all.Count; i++)
            if (ReferenceEquals(all[i], attempt)) return i;
        return 0;
    }

    private static void Head(ProtoBuffer buffer, UInt128 trace, ulong span, ulong parent, int kind, ulong start, ulong end)
    {
        buffer.Id(1, trace);
        buffer.Id(2, span);
        if (parent != 0) buffer.Id(4, parent);
        buffer.Number(6, (ulong)kind);
        buffer.Fixed(7, start);
        buffer.Fixed(8, end);
    }

    private static void Name(ProtoBuffer buffer, string method, string? template)
    {
        var verb = method == HttpWords.OtherMethod ? "HTTP" : method;
        buffer.Text(5, template is null ? verb : $"{verb} {template}");
    }

    private static void Status(ProtoBuffer buffer, bool failed)
    {
        if (!failed) return;
        var status = buffer.Open(15);
        buffer.Number(3, Error);
        buffer.Close(status);
    }

    private ulong Nanoseconds(long from, long to) => (ulong)Math.Max(0, clock.GetElapsedTime(from, to).Ticks) * TimeSpan.NanosecondsPerTick;
}
