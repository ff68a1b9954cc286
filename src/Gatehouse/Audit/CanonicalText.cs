using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Gatehouse.Telemetry;

namespace Gatehouse.Audit;

/// <summary>
/// JSON in the one form that a record has: ASCII, no blanks, everything but plain characters escaped as <c>\uXXXX</c> with lower-case digits. So two
/// programs that write the same values write the same bytes. Half of a character, which no reader takes, is written as <c>\ufffd</c>. The buffer
/// grows as far as the bounds of the values let it, and is used again.
/// </summary>
internal sealed class CanonicalText(int capacity)
{
    private const int LongestEscape = 6; // \u0000
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    private byte[] _buffer = new byte[capacity];
    private int _length;

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    public int Length => _length;

    public void Clear() => _length = 0;

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        Room(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    public void Raw(byte value)
    {
        Room(1);
        _buffer[_length++] = value;
    }

    /// <summary>A comma where something stands before, the name and a colon.</summary>
    /// <param name="name">ASCII that needs no escaping.</param>
    public void Name(ReadOnlySpan<byte> name)
    {
        Room(name.Length + 4);
        if (_length > 0 && _buffer[_length - 1] is not ((byte)'{' or (byte)'[')) _buffer[_length++] = (byte)',';
        _buffer[_length++] = (byte)'"';
        name.CopyTo(_buffer.AsSpan(_length));
        _length += name.Length;
        "\":"u8.CopyTo(_buffer.AsSpan(_length));
        _length += 2;
    }

    /// <param name="longest">Characters that are kept; a cut value ends in an ellipsis.</param>
    public void Text(ReadOnlySpan<char> value, int longest)
    {
        var cut = value.Length > longest;
        value = TextCut.At(value, longest);
        Room((value.Length + 1) * LongestEscape + 2);
        _buffer[_length++] = (byte)'"';
        Escape(value);
        if (cut) Escape("…");
        _buffer[_length++] = (byte)'"';
    }

    public void Number(long value)
    {
        Room(20);
        Utf8Formatter.TryFormat(value, _buffer.AsSpan(_length), out var written);
        _length += written;
    }

    /// <summary>The bytes in lower-case hexadecimal, as a string.</summary>
    public void Hex(ReadOnlySpan<byte> bytes)
    {
        Room(2 * bytes.Length + 2);
        _buffer[_length++] = (byte)'"';
        foreach (var value in bytes)
        {
            _buffer[_length++] = "0123456789abcdef"u8[value >> 4];
            _buffer[_length++] = "0123456789abcdef"u8[value & 15];
        }

        _buffer[_length++] = (byte)'"';
    }

    /// <summary>An instant in UTC with milliseconds (RFC 3339): <c>2026-11-23T08:39:43.123Z</c>.</summary>
    public void Time(DateTimeOffset value)
    {
        Room(26);
        var utc = value.UtcDateTime;
        _buffer[_length++] = (byte)'"';
        Digits(utc.Year, 4, '-');
        Digits(utc.Month, 2, '-');
        Digits(utc.Day, 2, 'T');
        Digits(utc.Hour, 2, ':');
        Digits(utc.Minute, 2, ':');
        Digits(utc.Second, 2, '.');
        Digits(utc.Millisecond, 3, 'Z');
        _buffer[_length++] = (byte)'"';
    }

    private void Escape(ReadOnlySpan<char> value)
    {
        var plain = value.IndexOfAnyExcept(Plain);
        if (plain < 0) plain = value.Length;
        Ascii.FromUtf16(value[..plain], _buffer.AsSpan(_length), out var written);
        _length += written;
        for (var i = plain; i < value.Length; i++)
        {
            var c = TextCut.IsLoneHalf(value, i) ? '\ufffd' : value[i];
            if (Plain.Contains(c))
            {
                _buffer[_length++] = (byte)c;
                continue;
            }

            "\\u"u8.CopyTo(_buffer.AsSpan(_length));
            Utf8Formatter.TryFormat((ushort)c, _buffer.AsSpan(_length + 2), out _, new StandardFormat('x', 4));
            _length += LongestEscape;
        }
    }

    private void Digits(int value, int count, char end)
    {
        for (var i = _length + count - 1; i >= _length; i--)
        {
            (value, var digit) = Math.DivRem(value, 10);
            _buffer[i] = (byte)('0' + digit);
        }

        _length += count;
        _buffer[_length++] = (byte)end;
    }

    private void Room(int more)
    {
        if (_length + more > _buffer.Length) Array.Resize(ref _buffer, Math.Max(_length + more, 2 * _buffer.Length));
    }
}
