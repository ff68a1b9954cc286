using System.Text;

namespace Gatehouse.Assertions;

/// <summary>The gateway as one that vouches to backends for who calls: its name, its keys and how long its word holds.</summary>
internal sealed class AssertionIssuer
{
    /// <summary>
    /// How long backends may keep the key set: between a new key's publication and its first signature somebody has to wait so long.
    /// </summary>
    public const string CacheControl = "public, max-age=300";

    /// <summary>The media type of a key set (RFC 7517 section 8.5.2).</summary>
    public const string KeySetType = "application/jwk-set+json";

    public static readonly TimeSpan LongestLife = TimeSpan.FromSeconds(60);

    public AssertionIssuer(string name, IReadOnlyList<AssertionKey> keys)
    {
        (Name, Keys) = (name, keys);
        KeySet = Encoding.UTF8.GetBytes($"{{\"keys\":[{string.Join(',', keys.Select(k => k.Published))}]}}");
    }

    /// <summary>The <c>iss</c> of every assertion.</summary>
    public string Name { get; }

    /// <summary>The first signs; all are published.</summary>
    public IReadOnlyList<AssertionKey> Keys { get; }

    /// <summary>How long an assertion holds; at most <see cref="LongestLife"/>.</summary>
    public TimeSpan Lifetime { get; init; } = LongestLife;

    /// <summary>The gateway's name and its environment in the declaration.</summary>
    public required string Gateway { get; init; }

    public required string Environment { get; init; }

    /// <summary>Where backends may fetch the keys besides the administration listener, or null.</summary>
    public PublishedKeys? Publish { get; init; }

    /// <summary>The public parts of all keys, as JSON (RFC 7517 section 5). No secret is in it.</summary>
    public byte[] KeySet { get; }

    /// <summary>The key that signs.</summary>
    public AssertionKey Signing => Keys[0];
}

/// <param name="Listener">The data listener that serves the keys.</param>
/// <param name="Path">The one path, in normal form.</param>
internal sealed record PublishedKeys(string Listener, string Path);
