using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Gatehouse.Telemetry;

/// <summary>
/// Writes one flat JSON object on one line, in ASCII: everything else is escaped, so that no value can break the line, reorder it (bidirectional
/// marks) or drive a terminal; half of a character, which no reader takes, becomes <c>\ufffd</c>. Values are cut at a given length. One object per
/// thread is reused, and what does not fit into it is left out.
/// </summary>
internal sealed class JsonLine
{
    /// <summary>The longest line in bytes. The bounds of all values of one line together stay below it.</summary>
    public const int Longest = 16 * 1024;

    private const int LongestEscape = 6; // \u0000
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    [ThreadStatic]
    private static JsonLine? _ofThread;

    private readonly byte[] _buffer = new byte[Longest];
    private int _length;

    /// <summary>This thread's line, empty.</summary>
    public static JsonLine Begin()
    {
        var line = _ofThread ??= new JsonLine();
        line._buffer[0] = (byte)'{';
        line._length = 1;
        return line;
    }

    /// <summary>Ends the object. The bytes are valid until the same thread begins another line.</summary>
    public ReadOnlySpan<byte> End()
    {
        _buffer[_length++] = (byte)'}';
        return _buffer.AsSpan(0, _length);
    }

    /// <summary>Fields that were written by another line: what stood between its braces.</summary>
    public void Fields(ReadOnlySpan<byte> written)
    {
        if (written.IsEmpty || _length + written.Length + 2 > Longest) return;
        if (_length > 1) _buffer[_length++] = (byte)',';
        written.CopyTo(_buffer.AsSpan(_length));
        _length += written.Length;
    }

    /// <param name="name">ASCII that needs no escaping.</param>
    /// <param name="longest">Characters of the value that are kept; a cut value ends in an ellipsis.</param>
    public void Text(ReadOnlySpan<byte> name, ReadOnlySpan<char> value, int longest)
    {
        var cut = value.Length > longest;
        value = TextCut.At(value, longest);
        if (!TryName(name, (value.Length + 1) * LongestEscape + 2)) return;
        _buffer[_length++] = (byte)'"';
        Escape(value);
        if (cut) Escape("…");
        _buffer[_length++] = (byte)'"';
    }

    public void Number(ReadOnlySpan<byte> name, long value)
    {
        if (!TryName(name, 20)) return;
        Utf8Formatter.TryFormat(value, _buffer.AsSpan(_length), out var written);
        _length += written;
    }

    /// <summary>A duration in milliseconds with three decimals: microseconds.</summary>
    public void Milliseconds(ReadOnlySpan<byte> name, TimeSpan value)
    {
        if (!TryName(name, 24)) return;
        var microseconds = Math.Max(0, value.Ticks / TimeSpan.TicksPerMicrosecond);
        var (whole, rest) = Math.DivRem(microseconds, 1000);
        Utf8Formatter.TryFormat(whole, _buffer.AsSpan(_length), out var written);
        _length += written;
        _buffer[_length++] = (byte)'.';
        Digits((int)rest, 3);
    }

    /// <summary>An instant in UTC with milliseconds (RFC 3339): <c>2026-11-23T08:39:43.123Z</c>.</summary>
    public void Time(ReadOnlySpan<byte> name, DateTimeOffset value)
    {
        if (!TryName(name, 26)) return;
        var utc = value.UtcDateTime;
        _buffer[_length++] = (byte)'"';
        Digits(utc.Year, 4);
        _buffer[_length++] = (byte)'-';
        Digits(utc.Month, 2);
        _buffer[_length++] = (byte)'-';
        Digits(utc.Day, 2);
        _buffer[_length++] = (byte)'T';
        Digits(utc.Hour, 2);
        _buffer[_length++] = (byte)':';
        Digits(utc.Minute, 2);
        _buffer[_length++] = (byte)':';
        Digits(utc.Second, 2);
        _buffer[_length++] = (byte)'.';
        Digits(utc.Millisecond, 3);
        "Z\""u8.CopyTo(_buffer.AsSpan(_length));
        _length += 2;
    }

    private bool TryName(ReadOnlySpan<byte> name, int longestValue)
    {
        if (_length + name.Length + 4 + longestValue + 1 > Longest) return false;
        if (_length > 1) _buffer[_length++] = (byte)',';
        _buffer[_length++] = (byte)'"';
        name.CopyTo(_buffer.AsSpan(_length));
        _length += name.Length;
        "\":"u8.CopyTo(_buffer.AsSpan(_length));
        _length += 2;
        return true;
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

    private void Digits(int value, int count)
    {
        for (var i = _length + count - 1; i >= _length; i--)
        {
            (value, var digit) = Math.DivRem(value, 10);
            _buffer[i] = (byte)('0' + digit);
        }

        _length += count;
    }
}
