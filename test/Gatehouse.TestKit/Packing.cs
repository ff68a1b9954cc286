using System.IO.Compression;

namespace Gatehouse.TestKit;

/// <summary>Bytes as a client compresses them (RFC 9110 section 8.4.1).</summary>
internal static class Packing
{
    /// <param name="coding"><c>gzip</c>, <c>br</c> or <c>deflate</c>.</param>
    public static byte[] Pack(string coding, byte[] bytes, CompressionLevel level = CompressionLevel.Optimal)
    {
        var packed = new MemoryStream();
        using (Stream packing = coding switch
        {
            "gzip" => new GZipStream(packed, level, leaveOpen: true),
            "br" => new BrotliStream(packed, level, leaveOpen: true),
            _ => new ZLibStream(packed, level, leaveOpen: true),
        })
        {
            packing.Write(bytes);
        }

        return packed.ToArray();
    }
}
