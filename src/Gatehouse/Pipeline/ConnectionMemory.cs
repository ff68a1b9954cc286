using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Gatehouse.Consumers;

namespace Gatehouse.Pipeline;

/// <summary>
/// What is kept from one exchange of a connection to the next, so that it need not be made again. Exchanges of HTTP/2 run at once: each value is
/// replaced as a whole and never changed, and whoever uses one looks whether it is the one that is meant.
/// </summary>
internal sealed class ConnectionMemory
{
    /// <summary>Why the gateway cuts the connection, a constant text; null where it does not.</summary>
    public string? Fault { get; set; }

    /// <summary>Its streams, where it is of HTTP/2; else null.</summary>
    public OpenStreams? Streams { get; set; }

    /// <summary>The last value of <c>Authorization</c> that held a token, and the token. Never for a log.</summary>
    public KeptToken? Token { get; set; }

    /// <summary>The last API key that was good, and whose it was found to be. Never for a log.</summary>
    public KeptKey? Key { get; set; }

    /// <summary>The key that was last remembered as good, as the same object. Never for a log.</summary>
    public string? RememberedKey { get; set; }

    /// <summary>The last host that was served.</summary>
    public KnownHost? Host { get; set; }

    /// <summary>The credential that was last looked at for where it comes from; null for none.</summary>
    public PlacedCredential? Placed { get; set; }
}

/// <summary>What one value of <c>Host</c> names, as one policy found for this connection: the address it came to and its SNI stay.</summary>
internal sealed class KnownHost(Policy by, string text, string host)
{
    /// <summary>As it is declared, or in lower case.</summary>
    public string Host { get; } = host;

    public bool Is(Policy other, string value) => ReferenceEquals(by, other) && string.Equals(text, value, StringComparison.Ordinal);
}

/// <param name="Credential">Its id, as the same object.</param>
internal sealed record PlacedCredential(string Credential, IPAddress Address);

/// <param name="Authorization">The whole value of the field.</param>
/// <param name="Text">The token in it.</param>
internal sealed record KeptToken(string Authorization, string Text)
{
    /// <summary>Nothing of a token is shown by accident.</summary>
    public override string ToString() => "a token";
}

/// <summary>An API key that was found good over this connection: whose it is need not be found again while the declaration is in force.</summary>
internal sealed class KeptKey(ConsumerDirectory directory, string text, ApiKeyHolder holder)
{
    public string Text { get; } = text;

    public ApiKeyHolder Holder { get; } = holder;

    /// <summary>
    /// Whether this is the key, in the declaration that it was found in. In constant time: a proxy may bring several clients over one connection.
    /// </summary>
    public bool Is(ConsumerDirectory other, string key) =>
        ReferenceEquals(directory, other)
        && CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(Text.AsSpan()), MemoryMarshal.AsBytes(key.AsSpan()));

    /// <summary>Nothing of a key is shown by accident.</summary>
    public override string ToString() => "a key";
}
