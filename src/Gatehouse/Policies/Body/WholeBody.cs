using System.Buffers;

namespace Gatehouse.Policies.Body;

/// <summary>A complete body in pooled memory or in a spool file. Disposing of it gives the memory or the file back.</summary>
internal sealed class WholeBody : Stream
{
    private readonly Stream _bytes;
    private readonly Spool? _spool;
    private readonly ulong _address;
    private readonly long _claimed;
    private byte[]? _pooled;
    private bool _disposed;

    /// <param name="pooled">Memory from the shared pool, whose first <paramref name="length"/> bytes are the body.</param>
    public WholeBody(byte[] pooled, int length)
    {
        _pooled = pooled;
        InMemory = pooled.AsMemory(0, length);
        _bytes = new MemoryStream(pooled, 0, length, writable: false);
    }

    /// <param name="file">The spool file that has the body, whose bytes were claimed.</param>
    /// <param name="address">For whom they were.</param>
    public WholeBody(FileStream file, Spool spool, ulong address)
    {
        _bytes = file;
        _claimed = file.Length;
        (_spool, _address) = (spool, address);
        file.Position = 0;
    }

    /// <summary>The bytes, where they are in memory; null where they are in a file, and not for use after disposal.</summary>
    public ReadOnlyMemory<byte>? InMemory { get; private set; }

    public override bool CanRead => !_disposed;

    public override bool CanSeek => !_disposed;

    public override bool CanWrite => false;

    public override long Length => _bytes.Length;

    public override long Position
    {
        get => _bytes.Position;
        set => _bytes.Position = value;
    }

    public override int Read(byte[] buffer, int offset, int count) => _bytes.Read(buffer, offset, count);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _bytes.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        _bytes.ReadAsync(buffer, offset, count, cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => _bytes.Seek(offset, origin);

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _bytes.Dispose(); // first: whoever still reads must not read what the pool gives to somebody else
            _spool?.Release(_address, _claimed);
            if (_pooled is { } pooled) ArrayPool<byte>.Shared.Return(pooled);
            _pooled = null;
            InMemory = null;
        }

        base.Dispose(disposing);
    }
}
