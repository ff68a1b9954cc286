using System.Buffers.Binary;
using System.Text;

namespace Gatehouse.TestKit;

/// <summary>Frames of HTTP/2 as bytes (RFC 9113 sections 4.1 and 6).</summary>
internal static class Http2Frame
{
    public const byte Data = 0, Headers = 1, Priority = 2, Reset = 3, Settings = 4, PushPromise = 5, Ping = 6, GoAway = 7;
    public const byte WindowUpdate = 8, Continuation = 9;
    public const byte EndStream = 1, EndHeaders = 4;

    public static byte[] Frame(byte type, int flags, int stream, params byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, (byte)flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    /// <summary>The fields of a request (RFC 7541): from the static table, then path and authority as they are.</summary>
    public static byte[] Request(string path, bool post = false) =>
        [(byte)(post ? 0x83 : 0x82), 0x86, 0x04, (byte)path.Length, .. Encoding.ASCII.GetBytes(path), 0x01, 9, .. "localhost"u8];

    /// <summary>One field as it is given, without Huffman code or table (RFC 7541 section 6.2.2): text as Latin-1, shorter than 127 bytes.</summary>
    public static byte[] Literal(string name, string value) =>
        [0, checked((byte)name.Length), .. Encoding.Latin1.GetBytes(name), checked((byte)value.Length), .. Encoding.Latin1.GetBytes(value)];
}
