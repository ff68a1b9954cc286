using System.Buffers;
using System.Net;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Telemetry;

namespace Gatehouse.Policies.Record;

/// <summary>
/// One exchange as one line of JSON. The path is the route's template; without a route it is only a shape. Header fields, keys, query values and
/// bodies are never looked at, so they cannot appear.
/// </summary>
internal static class AccessLine
{
    private const int LongestName = 128;
    private const int LongestText = 256;
    private const int LongestMethod = 20;
    private const int MostSegments = 8;
    private static readonly SearchValues<char> MethodCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_");

    /// <summary>What every line of a route has: written once, and copied into each.</summary>
    public static byte[] RouteFields(Route route)
    {
        var line = JsonLine.Begin();
        line.Text("route"u8, route.Id.Value, LongestName);
        line.Text("exposure"u8, NameOf(route.Exposure), LongestName);
        line.Text("path"u8, route.Match.Path.Text, LongestText);
        return line.End()[1..^1].ToArray();
    }

    /// <summary>The line; valid until this thread makes another.</summary>
    public static ReadOnlySpan<byte> Of(Exchange exchange, TimeProvider clock, TimeSpan total)
    {
        var line = JsonLine.Begin();
        line.Time("time"u8, clock.GetUtcNow());
        line.Text("requestId"u8, exchange.RequestId, LongestName);
        if (exchange.TraceId.Length > 0) line.Text("traceId"u8, exchange.TraceId, LongestName);
        line.Text("listener"u8, exchange.Listener.Name, LongestName);
        line.Text("protocol"u8, exchange.Http.Request.Protocol, LongestMethod);
        if (exchange.TlsVersion is { } tls) line.Text("tls"u8, tls, LongestName);
        line.Text("method"u8, MethodOf(exchange.Method), LongestMethod);
        if (exchange.RouteFields is { } fields) line.Fields(fields);
        else line.Text("path"u8, ShapeOf(exchange.Path), LongestText);

        line.Number("status"u8, exchange.Status);
        WriteDecision(line, exchange);
        WriteClient(line, exchange);
        line.Number("bytesIn"u8, exchange.RequestBytes);
        line.Number("bytesOut"u8, exchange.ResponseBytes);
        line.Milliseconds("ms"u8, total);
        WriteForward(line, exchange.Forward, exchange.Status, clock);
        line.Number("revision"u8, exchange.Revision);
        return line.End();
    }

    private static void WriteDecision(JsonLine line, Exchange exchange)
    {
        if (exchange.Problem is { } problem) line.Text("problem"u8, problem.Name, LongestName);
        if (exchange.Reason is { } reason) line.Text("reason"u8, reason, LongestText);
        if (exchange.DecidedBy is { } decidedBy) line.Text("decidedBy"u8, decidedBy, LongestName);
        if (exchange.ReportedLimit is { } limit) line.Text("limitReported"u8, limit, LongestName);
        if (exchange.Failure is { } failure) line.Text("failure"u8, failure.GetType().Name, LongestName);
    }

    private static void WriteClient(JsonLine line, Exchange exchange)
    {
        if (exchange.Consumer is { } consumer) line.Text("consumer"u8, consumer.Id.Value, LongestName);
        if (exchange.CredentialKind is { } kind) line.Text("credentialKind"u8, kind, LongestName);
        if (exchange.CredentialId is { } credential) line.Text("credentialId"u8, credential, LongestName);
        if (exchange.Caller?.PeopleText is { } people) line.Text("people"u8, people, LongestText);
        WriteAddress(line, "client"u8, exchange.Client.Value);
        if (!ReferenceEquals(exchange.Client.Value, exchange.Peer.Value)) WriteAddress(line, "peer"u8, exchange.Peer.Value);
    }

    private static void WriteAddress(JsonLine line, ReadOnlySpan<byte> name, IPAddress address)
    {
        Span<char> text = stackalloc char[64];
        if (address.TryFormat(text, out var length)) line.Text(name, text[..length], text.Length);
    }

    private static void WriteForward(JsonLine line, ForwardState forward, int status, TimeProvider clock)
    {
        if (forward.Upstream is { } upstream) line.Text("upstream"u8, upstream, LongestName);
        if (forward.Destination is not { } destination) return;
        line.Text("destination"u8, destination, LongestText);
        if (forward.Attempts > 1) line.Number("attempts"u8, forward.Attempts);
        if (forward.BeganAt == 0) return;
        if (forward.Status != 0 && forward.Status != status) line.Number("upstreamStatus"u8, forward.Status);
        if (forward.HeadAt != 0) line.Milliseconds("upstreamHeadMs"u8, clock.GetElapsedTime(forward.BeganAt, forward.HeadAt));
        if (forward.EndedAt != 0) line.Milliseconds("upstreamMs"u8, clock.GetElapsedTime(forward.BeganAt, forward.EndedAt));
    }

    /// <summary>How many segments an unmatched path has, and nothing of what they say: <c>/*/*</c>.</summary>
    internal static ReadOnlySpan<char> ShapeOf(ReadOnlySpan<char> path)
    {
        const string longest = "/*/*/*/*/*/*/*/*/**";
        var segments = path.Count('/');
        if (segments <= 1 && path.Length <= 1) return "/";
        return segments > MostSegments ? longest : longest.AsSpan(0, 2 * Math.Max(1, segments));
    }

    /// <summary>A method is the client's text: it is written only when it looks like one.</summary>
    internal static ReadOnlySpan<char> MethodOf(string method) =>
        method.Length <= LongestMethod && !method.AsSpan().ContainsAnyExcept(MethodCharacters) ? method : "*";

    private static string NameOf(Exposure exposure) => exposure switch
    {
        Exposure.Public => "public",
        Exposure.Partner => "partner",
        Exposure.Internal => "internal",
        Exposure.Administrative => "administrative",
    };
}
