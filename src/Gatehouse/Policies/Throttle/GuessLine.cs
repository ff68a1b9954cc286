using System.Net;
using Gatehouse.Telemetry;

namespace Gatehouse.Policies.Throttle;

/// <summary>That somebody seems to guess, as one line of JSON among those of exchanges: once, until they have been quiet for a while.</summary>
internal static class GuessLine
{
    /// <summary>An address has presented too many bad credentials, and is throttled.</summary>
    public const string Credentials = "credentials-guessed";

    /// <summary>The id of a key was presented many times with wrong secrets. Its owner is not kept out.</summary>
    public const string Key = "key-guessed";

    /// <summary>An address was told many times that there is nothing, or that it may not.</summary>
    public const string Paths = "paths-guessed";

    private const int LongestName = 128;

    public static ReadOnlySpan<byte> OfCredentials(string listener, IPAddress client, DateTimeOffset now) =>
        Of(Credentials, listener, client, null, now);

    /// <param name="keyId">The id of a key of the declaration, never the client's text.</param>
    public static ReadOnlySpan<byte> OfKey(string listener, string keyId, DateTimeOffset now) => Of(Key, listener, null, keyId, now);

    public static ReadOnlySpan<byte> OfPaths(string listener, IPAddress client, DateTimeOffset now) => Of(Paths, listener, client, null, now);

    private static ReadOnlySpan<byte> Of(string what, string listener, IPAddress? client, string? keyId, DateTimeOffset now)
    {
        var line = JsonLine.Begin();
        line.Time("time"u8, now);
        line.Text("event"u8, what, LongestName);
        line.Text("listener"u8, listener, LongestName);
        Span<char> text = stackalloc char[64];
        if (client is not null && client.TryFormat(text, out var length)) line.Text("client"u8, text[..length], text.Length);
        if (keyId is not null) line.Text("credentialId"u8, keyId, LongestName);
        return line.End();
    }
}
