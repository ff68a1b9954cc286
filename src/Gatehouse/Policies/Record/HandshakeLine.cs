using System.Buffers;
using System.Globalization;
using System.Net;
using Gatehouse.Audit;
using Gatehouse.Telemetry;

namespace Gatehouse.Policies.Record;

/// <summary>
/// A connection that ended in its handshake as one line of JSON among those of exchanges: on a listener for partners nobody is refused without a
/// trace.
/// </summary>
internal static class HandshakeLine
{
    private const int LongestName = 128;
    private const int LongestDigits = 64;
    private static readonly SearchValues<char> HostCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-");

    /// <summary>The line; valid until this thread makes another.</summary>
    public static ReadOnlySpan<byte> Of(RefusedHandshake handshake, DateTimeOffset now)
    {
        var line = JsonLine.Begin();
        line.Time("time"u8, now);
        line.Text("event"u8, "handshake-refused", LongestName);
        line.Text("listener"u8, handshake.Listener, LongestName);
        line.Text("reason"u8, handshake.Reason, LongestName);
        WriteAddress(line, "client"u8, handshake.Client);
        if (!handshake.Client.Equals(handshake.Peer)) WriteAddress(line, "peer"u8, handshake.Peer);
        if (handshake.ServerName is { } name) line.Text("serverName"u8, HostOf(name), LongestName);
        if (handshake.Serial is { } serial) line.Text("certificateSerial"u8, serial, LongestDigits);
        if (handshake.SpkiDigest is { } digest) line.Text("certificateKey"u8, digest, LongestDigits);
        if (handshake.Before > 0) line.Number("notRecorded"u8, handshake.Before);
        return line.End();
    }

    /// <summary>The same for the trail.</summary>
    public static AuditRecord RecordOf(RefusedHandshake handshake, DateTimeOffset now)
    {
        var details = new List<AuditDetail>(4) { new("event", "authentication") };
        if (handshake.ServerName is { } name) details.Add(new("server-name", HostOf(name).ToString()));
        if (handshake.Serial is { } serial) details.Add(new("certificate-serial", serial));
        if (handshake.SpkiDigest is { } digest) details.Add(new("certificate-key", digest));
        if (handshake.Before > 0) details.Add(new("not-recorded", handshake.Before.ToString(CultureInfo.InvariantCulture)));
        return new AuditRecord
        {
            Kind = AuditKind.Handshake,
            Time = now,
            Decision = AuditDecision.Refused,
            Outcome = AuditOutcome.Refused,
            Listener = handshake.Listener,
            Client = handshake.Client,
            Reason = handshake.Reason,
            Details = details,
        };
    }

    private static void WriteAddress(JsonLine line, ReadOnlySpan<byte> name, IPAddress address)
    {
        Span<char> text = stackalloc char[64];
        if (address.TryFormat(text, out var length)) line.Text(name, text[..length], text.Length);
    }

    /// <summary>A name is the client's text: it is written only when it looks like a host.</summary>
    private static ReadOnlySpan<char> HostOf(string name) => name.AsSpan().ContainsAnyExcept(HostCharacters) ? "*" : name;
}

/// <param name="Client">As a proxy's preamble says; otherwise the peer.</param>
/// <param name="Peer">The other end of the connection.</param>
/// <param name="ServerName">The host name that the client asked for; null for none.</param>
/// <param name="Serial">Of the certificate that the client has sent; null for none.</param>
/// <param name="Reason">A constant text.</param>
internal sealed record RefusedHandshake(
    string Listener, IPAddress Client, IPAddress Peer, string? ServerName, string? Serial, string? SpkiDigest, string Reason)
{
    /// <summary>How many before it, since the one that was recorded last, were too many to be recorded.</summary>
    public long Before { get; init; }
}
