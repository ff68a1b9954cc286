using System.Buffers.Binary;
using System.Text;

namespace Gatehouse.Telemetry.Otlp;

/// <summary>
/// Writes the wire format of Protocol Buffers into one array that grows up to a bound. The length of a nested message takes four bytes, known only at
/// its end: a varint may have more bytes than it needs. One buffer per thread is reused.
/// </summary>
internal sealed class ProtoBuffer(int most)
{
    /// <summary>Bytes of the longest record of a thread's own buffer: one span, or one record of a log.</summary>
    public const int LongestRecord = 32 * 1024;

    private const int Varint0 = 0;
    private const int Fixed64Type = 1;
    private const int LengthType = 2;
    private const int LengthBytes = 4;

    [ThreadStatic]
    private static ProtoBuffer? _ofThread;

    private byte[] _bytes = new byte[Math.Min(most, 1024)];
    private int _length;

    /// <summary>Whether something did not fit: what was written is no message then.</summary>
    public bool IsOver { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>This thread's buffer, empty.</summary>
    public static ProtoBuffer Begin()
    {
        var buffer = _ofThread ??= new ProtoBuffer(LongestRecord);
        buffer.Clear();
        return buffer;
    }

    public void Clear() => (_length, IsOver) = (0, false);

    public void Number(int field, ulong value)
    {
        if (!TryReserve(20)) return;
        Tag(field, Varint0);
        Varint(value);
    }

    public void Fixed(int field, ulong value)
    {
        if (!TryReserve(18)) return;
        Tag(field, Fixed64Type);
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(_length), value);
        _length += sizeof(ulong);
    }

    public void Fixed(int field, double value) => Fixed(field, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>One value of a packed list of eight-byte numbers, between <see cref="Open"/> and <see cref="Close"/>.</summary>
    public void Packed(ulong value)
    {
        if (!TryReserve(sizeof(ulong))) return;
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(_length), value);
        _length += sizeof(ulong);
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        if (!TryReserve(value.Length + 15)) return;
        Tag(field, LengthType);
        Varint((uint)value.Length);
        value.CopyTo(_bytes.AsSpan(_length));
        _length += value.Length;
    }

    /// <param name="longest">Characters that are kept.</param>
    public void Text(int field, ReadOnlySpan<char> value, int longest = 256)
    {
        value = TextCut.At(value, longest);
        if (!TryReserve((value.Length * 3) + 15)) return;
        Tag(field, LengthType);
        var at = _length;
        _length += LengthBytes;
        _length += Encoding.UTF8.GetBytes(value, _bytes.AsSpan(_length));
        Close(at);
    }

    /// <summary>Begins a nested message; what is written next is in it, until it is closed.</summary>
    /// <returns>What <see cref="Close"/> needs.</returns>
    public int Open(int field)
    {
        if (!TryReserve(10)) return 0;
        Tag(field, LengthType);
        var at = _length;
        _length += LengthBytes;
        return at;
    }

    public void Close(int opened)
    {
        if (IsOver) return;
        var length = (uint)(_length - opened - LengthBytes);
        for (var i = 0; i < LengthBytes; i++, length >>= 7) _bytes[opened + i] = (byte)((length & 0x7f) | (i < LengthBytes - 1 ? 0x80u : 0));
    }

    /// <summary>A trace's or a span's id, as its bytes.</summary>
    public void Id(int field, UInt128 trace)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, trace);
        Bytes(field, bytes);
    }

    public void Id(int field, ulong span)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, span);
        Bytes(field, bytes);
    }

    /// <summary>An attribute with a text (<c>KeyValue</c> of OpenTelemetry's common protocol).</summary>
    public void Attribute(int field, ReadOnlySpan<byte> key, ReadOnlySpan<char> value, int longest = 256)
    {
        var pair = Open(field);
        Bytes(1, key);
        var any = Open(2);
        Text(1, value, longest);
        Close(any);
        Close(pair);
    }

    /// <summary>An attribute with a whole number.</summary>
    public void Attribute(int field, ReadOnlySpan<byte> key, long value)
    {
        var pair = Open(field);
        Bytes(1, key);
        var any = Open(2);
        Number(3, (ulong)value);
        Close(any);
        Close(pair);
    }

    private void Tag(int field, int type) => Varint((uint)((field << 3) | type));

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) _bytes[_length++] = (byte)(value | 0x80);
        _bytes[_length++] = (byte)value;
    }

    private bool TryReserve(int count)
    {
        if (IsOver) return false;
        if (_length + count <= _bytes.Length) return true;
        if (_length + count > most)
        {
            IsOver = true;
            return false;
        }

        Array.Resize(ref _bytes, Math.Min(most, Math.Max(_bytes.Length * 2, _length + count)));
        return true;
    }
}
