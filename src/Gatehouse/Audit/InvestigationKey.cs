using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Audit;

/// <summary>
/// A secret under which the trail keeps whom exchanges were about and for whom they were made: as HMACs (SHA-256) that only its holder can compare
/// with somebody. Who destroys every copy of it has erased what was kept under it.
/// </summary>
internal sealed class InvestigationKey
{
    /// <summary>Bytes that a secret has at least.</summary>
    public const int LeastBytes = 32;

    private const int IdCharacters = 16;
    private const int LongestPlain = 512;

    private readonly byte[] _secret;

    public InvestigationKey(ReadOnlySpan<byte> secret)
    {
        _secret = secret.ToArray();
        Id = Convert.ToHexStringLower(HMACSHA256.HashData(_secret, "gatehouse investigation key"u8))[..IdCharacters];
    }

    /// <summary>By which records name it: the same for the same secret, wherever that is kept, and nothing of it.</summary>
    public string Id { get; }

    /// <summary>The link to somebody: an HMAC over <c>about</c>, the kind and the value, a line each.</summary>
    /// <param name="subject">What kind of somebody it is, as the declaration calls it: <c>customer</c>.</param>
    public AboutEntry About(string subject, ReadOnlySpan<char> value) => new(subject, Id, Hex("about\n"u8, subject, value));

    /// <summary>
    /// The person for whom a call was made: the key's id, a colon and an HMAC over <c>person</c>, the issuer's name and the subject.
    /// </summary>
    public string Person(string issuer, ReadOnlySpan<char> subject) => $"{Id}:{Hex("person\n"u8, issuer, subject)}";

    /// <summary>The parameters of a request: the key's id, a colon and an HMAC over <c>parameters</c>, the route and what they are.</summary>
    public string Parameters(string route, ReadOnlySpan<char> written) => $"{Id}:{Hex("parameters\n"u8, route, written)}";

    /// <summary>Another secret, made of this one.</summary>
    public static InvestigationKey From(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> purpose) => new(HMACSHA256.HashData(secret, purpose));

    /// <summary>Nothing of a key is shown by accident.</summary>
    public override string ToString() => Id;

    private string Hex(ReadOnlySpan<byte> kind, string name, ReadOnlySpan<char> value)
    {
        var most = kind.Length + Encoding.UTF8.GetMaxByteCount(name.Length) + 1 + Encoding.UTF8.GetMaxByteCount(value.Length);
        Span<byte> text = most <= LongestPlain ? stackalloc byte[LongestPlain] : new byte[most];
        kind.CopyTo(text);
        var length = kind.Length;
        length += Encoding.UTF8.GetBytes(name, text[length..]);
        text[length++] = (byte)'\n';
        length += Encoding.UTF8.GetBytes(value, text[length..]);
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_secret, text[..length], mac);
        return Convert.ToHexStringLower(mac);
    }
}
