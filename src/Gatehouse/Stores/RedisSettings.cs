using System.Security.Cryptography;
using Gatehouse.Configuration;

namespace Gatehouse.Stores;

/// <summary>Where the store is that instances share, and how it is spoken to.</summary>
/// <param name="Addresses">Servers of one store, each as <c>host:port</c>.</param>
/// <param name="Prefix">Stands before every key: instances share what they count when it is the same.</param>
/// <param name="Instances">How many instances share it, at most.</param>
/// <param name="Timeout">The most that a question may take.</param>
internal sealed record RedisSettings(IReadOnlyList<string> Addresses, string Prefix, int Instances, TimeSpan Timeout)
{
    public string? User { get; init; }

    public Secret? Password { get; init; }

    public bool Tls { get; init; }

    /// <summary>PEM of the authorities that the server is trusted by; null for the system's.</summary>
    public byte[]? Authorities { get; init; }

    public int Database { get; init; }

    /// <summary>The secret under which keys are digests; null when nothing personal is counted there.</summary>
    public Secret? Pepper { get; init; }

    /// <summary>What has to be the same for connections to be kept over a reload.</summary>
    public string Identity => string.Join(' ',
        [string.Join(',', Addresses), Prefix, $"{Instances} {Timeout} {User} {Tls} {Database}", Digest(Password?.Bytes), Digest(Authorities), Digest(Pepper?.Bytes)]);

    private static string Digest(byte[]? bytes) => bytes is null ? "none" : Convert.ToHexString(SHA256.HashData(bytes));
}
