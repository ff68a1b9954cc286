using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using Gatehouse.Configuration;

namespace Gatehouse.Hosting;

/// <summary>
/// Reads what a proxy says of its client before a connection's first byte: the PROXY protocol (haproxy's proxy-protocol.txt), version 1 in text or 2
/// in binary, over TCP. Both are bounded, and whatever is not exactly one of them is refused.
/// </summary>
internal static class ProxyPreamble
{
    /// <summary>Bytes of the longest preamble of version 1, its end of line included (section 2.1).</summary>
    public const int LongestText = 107;

    /// <summary>Bytes of the longest preamble of version 2 that is taken: the addresses, and room for details that are not looked at.</summary>
    public const int LongestBinary = 536;

    private const int BinaryHead = 16;
    private static ReadOnlySpan<byte> TextBeginning => "PROXY "u8;

    private static ReadOnlySpan<byte> BinaryBeginning => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <param name="length">Bytes of the preamble, once it is whole.</param>
    /// <param name="client">The client; null when the proxy speaks for itself or cannot say.</param>
    public static PreambleState Read(in ReadOnlySequence<byte> received, out int length, out IPAddress? client)
    {
        Span<byte> copy = stackalloc byte[LongestBinary];
        var taken = (int)Math.Min(received.Length, LongestBinary);
        received.Slice(0, taken).CopyTo(copy);
        return Read(copy[..taken], out length, out client);
    }

    private static PreambleState Read(ReadOnlySpan<byte> bytes, out int length, out IPAddress? client)
    {
        length = 0;
        client = null;
        if (BeginsLike(bytes, TextBeginning)) return ReadText(bytes, out length, out client);
        return BeginsLike(bytes, BinaryBeginning) ? ReadBinary(bytes, out length, out client) : PreambleState.Wrong;
    }

    /// <summary>Whether the bytes, as far as they are there, are the beginning.</summary>
    private static bool BeginsLike(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> beginning) =>
        bytes.Length < beginning.Length ? beginning.StartsWith(bytes) : bytes.StartsWith(beginning);

    private static PreambleState ReadText(ReadOnlySpan<byte> bytes, out int length, out IPAddress? client)
    {
        length = 0;
        client = null;
        var end = bytes.IndexOf("\r\n"u8);
        if (end < 0) return bytes.Length >= LongestText ? PreambleState.Wrong : PreambleState.Incomplete;
        if (end + 2 > LongestText) return PreambleState.Wrong;
        length = end + 2;
        Span<char> line = stackalloc char[LongestText];
        if (Ascii.ToUtf16(bytes[..end], line, out var count) != OperationStatus.Done) return PreambleState.Wrong;
        return ReadLine(line[..count], out client) ? PreambleState.Complete : PreambleState.Wrong;
    }

    private static bool ReadLine(ReadOnlySpan<char> line, out IPAddress? client)
    {
        client = null;
        Span<Range> parts = stackalloc Range[7];
        var count = line.Split(parts, ' ');
        if (count < 2) return false;
        var family = line[parts[1]];
        if (family.SequenceEqual("UNKNOWN")) return true; // section 2.1: whatever follows is ignored
        if (count != 6 || !(family.SequenceEqual("TCP4") || family.SequenceEqual("TCP6"))) return false;
        var source = line[parts[2]];
        var colons = family[^1] == '6';
        if (source.Contains(':') != colons || line[parts[3]].Contains(':') != colons) return false;
        if (!AddressText.TryReadAddress(source, out var address) || !AddressText.TryReadAddress(line[parts[3]], out _)) return false;
        client = address;
        return IsPort(line[parts[4]]) && IsPort(line[parts[5]]);
    }

    private static bool IsPort(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= 5 && (text[0] != '0' || text.Length == 1)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= ushort.MaxValue;

    /// <summary>Section 2.2: after the signature the version and command, the family and protocol, and the length of what follows.</summary>
    private static PreambleState ReadBinary(ReadOnlySpan<byte> bytes, out int length, out IPAddress? client)
    {
        length = 0;
        client = null;
        if (bytes.Length < BinaryHead) return PreambleState.Incomplete;
        const byte local = 0x20, proxied = 0x21, unspecified = 0x00, tcp4 = 0x11, tcp6 = 0x21;
        var (command, family) = (bytes[12], bytes[13]);
        length = BinaryHead + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (length > LongestBinary || command is not (local or proxied)) return PreambleState.Wrong;
        if (bytes.Length < length) return PreambleState.Incomplete;
        if (command == local || family == unspecified) return PreambleState.Complete; // the proxy's own connection, such as a health check
        var addresses = bytes[BinaryHead..length];
        switch (family)
        {
            case tcp4 when addresses.Length >= 12:
                client = new IPAddress(addresses[..4]);
                return PreambleState.Complete;
            case tcp6 when addresses.Length >= 36:
                client = new IPAddress(addresses[..16]);
                if (client.IsIPv4MappedToIPv6) client = client.MapToIPv4();
                return PreambleState.Complete;
            default:
                return PreambleState.Wrong;
        }
    }
}

/// <summary>How far a preamble could be read.</summary>
internal enum PreambleState
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    Complete,

    /// <summary>It is none.</summary>
    Wrong,
}
