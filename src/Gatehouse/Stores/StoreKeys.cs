using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;

namespace Gatehouse.Stores;

/// <summary>
/// Names cells in the store by digests: whoever reads the store, without the secret, learns neither who calls nor what is called. All keys of
/// a gateway have one hash tag, so that a cluster keeps them in one slot and one question can be about several.
/// </summary>
internal sealed class StoreKeys
{
    private const int DigestBytes = 16;

    private readonly byte[] _secret;
    private readonly byte[] _head;

    public StoreKeys(string prefix, Secret? pepper)
    {
        // a key of its own, so that digests here say nothing about what the same secret protects elsewhere
        _secret = HMACSHA256.HashData(pepper?.Bytes ?? [], "gatehouse cells in a store, 1"u8);
        _head = Encoding.UTF8.GetBytes($"{{gatehouse:{prefix}}}:");
        Identity = $"{prefix} {Convert.ToHexString(SHA256.HashData(_secret))}";
    }

    /// <summary>The same where the same cell has the same key.</summary>
    public string Identity { get; }

    /// <param name="identity">What the cell belongs to: the route and the limit.</param>
    /// <param name="kind">What kind of caller it is; the same bytes of another kind are somebody else.</param>
    /// <param name="caller">Whose cell it is.</param>
    public byte[] Of(string identity, byte kind, ReadOnlySpan<byte> caller)
    {
        var text = Encoding.UTF8.GetBytes(identity);
        Span<byte> digest = stackalloc byte[HMACSHA256.HashSizeInBytes];
        using (var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _secret))
        {
            hash.AppendData(BitConverter.GetBytes(text.Length)); // the length goes first, so that no two cells have the same bytes
            hash.AppendData(text);
            hash.AppendData([kind]);
            hash.AppendData(caller);
            hash.GetHashAndReset(digest);
        }

        var key = new byte[_head.Length + Base64Url.GetEncodedLength(DigestBytes)];
        _head.CopyTo(key, 0);
        Base64Url.EncodeToUtf8(digest[..DigestBytes], key.AsSpan(_head.Length));
        return key;
    }
}
