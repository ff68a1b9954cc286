using System.Buffers.Binary;
using System.IO.Compression;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Body;

/// <summary>Bytes that are not what their content coding says, to the last one.</summary>
internal sealed class NotPackedException() : IOException("the body is not compressed as it says");

/// <summary>
/// A whole body as it is when it is unpacked, counted. More than allowed ends it. So does what is not exactly one compressed text: bytes after it
/// would be a second one to some programs, and an end that is missing nobody would know of.
/// </summary>
internal sealed class UnpackedBody : ArrivingBody
{
    private readonly Stream _unpacking;
    private readonly Packed _packed;
    private readonly long _most;
    private readonly uint? _length;

    private UnpackedBody(Stream unpacking, Packed packed, long most, uint? length)
    {
        _unpacking = unpacking;
        _packed = packed;
        _most = most;
        _length = length;
    }

    /// <summary>Bytes that were unpacked so far.</summary>
    public long Bytes { get; private set; }

    /// <param name="body">From its beginning.</param>
    /// <param name="most">The most bytes that it may unpack to.</param>
    /// <exception cref="NotPackedException">What stands before or after the compressed bytes is not that of the coding.</exception>
    public static async ValueTask<UnpackedBody> OpenAsync(Stream body, Coding coding, long most, CancellationToken cancel)
    {
        var first = new byte[(int)Math.Min(Codings.LongestHead, body.Length)];
        await body.ReadExactlyAsync(first, cancel);
        var head = Codings.HeadOf(coding, first);
        var tail = coding switch { Coding.Gzip => Codings.GzipTail, Coding.Deflate => Codings.DeflateTail, _ => 0 };
        if (head < 0 || head + tail >= body.Length) throw new NotPackedException();
        uint? length = null;
        if (coding == Coding.Gzip)
        {
            body.Position = body.Length - sizeof(uint);
            await body.ReadExactlyAsync(first.AsMemory(0, sizeof(uint)), cancel);
            length = BinaryPrimitives.ReadUInt32LittleEndian(first); // RFC 1952 section 2.3.1: modulo 2 to the 32nd
        }

        body.Position = head;
        var packed = new Packed(body, body.Length - head - tail);
        const CompressionMode unpack = CompressionMode.Decompress;
        return new UnpackedBody(coding == Coding.Brotli ? new BrotliStream(packed, unpack) : new DeflateStream(packed, unpack), packed, most, length);
    }

    /// <exception cref="BodyTooLargeException">It is more than allowed.</exception>
    /// <exception cref="NotPackedException">It is not what its coding says.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        try
        {
            read = await _unpacking.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            throw new NotPackedException();
        }

        Bytes += read;
        if (Bytes > _most) throw new BodyTooLargeException();
        if (read == 0 && buffer.Length > 0 && (!_packed.IsSpent || (_length is { } length && length != (uint)Bytes))) throw new NotPackedException();
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _unpacking.Dispose(); // and with it its source, which leaves the body alone
        base.Dispose(disposing);
    }

    /// <summary>The compressed bytes. The last one comes alone, and who never asks for it has found an end before.</summary>
    private sealed class Packed(Stream bytes, long length) : ArrivingBody
    {
        private long _left = length;
        private bool _wantsMore;

        /// <summary>Whether every byte was wanted, and not one more.</summary>
        public bool IsSpent => _left == 0 && !_wantsMore;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left == 0)
            {
                _wantsMore |= buffer.Length > 0;
                return 0;
            }

            var most = (int)Math.Min(buffer.Length, Math.Max(1, _left - 1));
            var read = await bytes.ReadAsync(buffer[..most], cancellationToken);
            _left -= read;
            return read;
        }
    }
}
