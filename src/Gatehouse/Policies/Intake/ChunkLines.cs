using System.Buffers;

namespace Gatehouse.Policies.Intake;

/// <summary>
/// The lines between the chunks of a body (RFC 9112 section 7.1), looked at as the parser takes them: the parser checks them and throws extensions
/// away, however many there are. Here they have an end.
/// </summary>
internal struct ChunkLines
{
    /// <summary>Bytes of one line: the chunk's size and its extensions.</summary>
    public const int LongestLine = 256;

    /// <summary>Bytes of all extensions of one body.</summary>
    public const int MostExtensions = 4 * 1024;

    private long _left;
    private long _size;
    private int _line;
    private int _extensions;
    private bool _inExtension;
    private bool _over;
    private bool _odd;

    /// <summary>Null for nothing wrong; otherwise what is, as a constant text.</summary>
    /// <param name="bytes">What the parser has taken since it was last looked.</param>
    public string? Read(in ReadOnlySequence<byte> bytes)
    {
        foreach (var part in bytes)
            if (!Read(part.Span)) return _odd ? "a line between the chunks has a control character" : "the chunks have too long extensions";
        return null;
    }

    private bool Read(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !_over)
        {
            if (_left > 0)
            {
                var data = (int)Math.Min(_left, bytes.Length);
                _left -= data;
                bytes = bytes[data..];
                continue;
            }

            if (!ReadOfLine(bytes[0])) return false;
            bytes = bytes[1..];
        }

        return true; // the trailers have the limits of header fields
    }

    private bool ReadOfLine(byte value)
    {
        if (value == '\n')
        {
            _over = _size == 0;
            _left = _size + 2; // the end of line after the chunk
            (_size, _line, _inExtension) = (0, 0, false);
            return true;
        }

        _odd = value is < 0x20 and not ((byte)'\r' or (byte)'\t') or 0x7f;
        if (_odd) return false;
        if (value == ';') _inExtension = true;
        if (_inExtension) _extensions++;
        else if (char.IsAsciiHexDigit((char)value)) _size = (_size << 4) + DigitOf(value); // the parser takes no more than eight
        return ++_line <= LongestLine && _extensions <= MostExtensions;
    }

    private static int DigitOf(byte hex) => hex <= '9' ? hex - '0' : (hex | 0x20) - 'a' + 10;
}
