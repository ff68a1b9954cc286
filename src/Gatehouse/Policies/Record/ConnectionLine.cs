using System.Net;
using Gatehouse.Telemetry;

namespace Gatehouse.Policies.Record;

/// <summary>
/// A connection, or a stream of one, that was refused or cut for what its client did, as one line of JSON among those of exchanges.
/// </summary>
internal static class ConnectionLine
{
    public const string Refused = "connection-refused";

    public const string Cut = "connection-cut";

    public const string StreamRefused = "stream-refused";

    private const int LongestName = 128;

    /// <summary>The line; valid until this thread makes another.</summary>
    /// <param name="what"><see cref="Refused"/>, <see cref="Cut"/> or <see cref="StreamRefused"/>.</param>
    /// <param name="reason">A constant text.</param>
    public static ReadOnlySpan<byte> Of(string what, string listener, IPAddress client, IPAddress peer, string reason, DateTimeOffset now)
    {
        var line = JsonLine.Begin();
        line.Time("time"u8, now);
        line.Text("event"u8, what, LongestName);
        line.Text("listener"u8, listener, LongestName);
        line.Text("reason"u8, reason, LongestName);
        WriteAddress(line, "client"u8, client);
        if (!client.Equals(peer)) WriteAddress(line, "peer"u8, peer);
        return line.End();
    }

    private static void WriteAddress(JsonLine line, ReadOnlySpan<byte> name, IPAddress address)
    {
        Span<char> text = stackalloc char[64];
        if (address.TryFormat(text, out var length)) line.Text(name, text[..length], text.Length);
    }
}
