using System.Numerics;
using Gatehouse.Consumers;

namespace Gatehouse.TestKit;

/// <summary>API keys that somebody makes who knows their form.</summary>
internal static class TestKeys
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>A well-formed key with the same id and another secret.</summary>
    public static string WithOtherSecret(NewApiKey key)
    {
        var other = ApiKeyText.Create().Key;
        var text = string.Concat(key.Key.AsSpan(0, 12), other.AsSpan(12, 34));
        var crc = uint.MaxValue;
        foreach (var c in text) crc = BitOperations.Crc32C(crc, (byte)c);
        crc = ~crc;
        var checksum = new char[7];
        for (var i = 6; i >= 0; i--, crc >>= 5) checksum[i] = Alphabet[(int)(crc & 31)];
        text += new string(checksum);
        return ApiKeyText.TryParse(text, out _) ? text : throw new InvalidOperationException("keys have another form by now");
    }
}
