namespace Gatehouse.Pipeline;

/// <summary>
/// Finds the heads of frames (RFC 9113 section 4.1) in the bytes of one direction of a connection of HTTP/2, in whatever pieces they come.
/// </summary>
/// <param name="ahead">Bytes before the first frame.</param>
internal struct FrameHeads(int ahead)
{
    private const int Length = 9, WithCode = Length + 4;

    private readonly byte[] _head = new byte[WithCode];
    private int _has;
    private int _skip = ahead;

    /// <summary>The next head that is whole; what was looked at is taken off <paramref name="bytes"/>. False where more bytes are needed.</summary>
    public bool TryTake(ref ReadOnlySpan<byte> bytes, out FrameHead head)
    {
        head = default;
        var skip = Math.Min(_skip, bytes.Length);
        _skip -= skip;
        bytes = bytes[skip..];
        while (!bytes.IsEmpty)
        {
            var more = Math.Min((_has < Length ? Length : WithCode) - _has, bytes.Length);
            bytes[..more].CopyTo(_head.AsSpan(_has));
            bytes = bytes[more..];
            _has += more;
            if (_has < Length) return false;
            var length = (_head[0] << 16) | (_head[1] << 8) | _head[2];
            if (_head[3] == FrameHead.Reset && length >= WithCode - Length && _has < WithCode) continue;
            head = new FrameHead(_head[3], _head[4], length, Number(5) & int.MaxValue, _has == WithCode ? Number(Length) : 0);
            _skip = length - (_has - Length);
            _has = 0;
            return true;
        }

        return false;
    }

    private readonly int Number(int at) => (_head[at] << 24) | (_head[at + 1] << 16) | (_head[at + 2] << 8) | _head[at + 3];
}

/// <summary>A frame, but for what it carries.</summary>
/// <param name="Length">Bytes that it carries.</param>
/// <param name="Stream">0 for the connection.</param>
/// <param name="Code">Why a stream is reset (RFC 9113 section 7); 0 for other frames.</param>
internal readonly record struct FrameHead(byte Type, byte Flags, int Length, int Stream, int Code)
{
    public const byte Data = 0, Headers = 1, Reset = 3;

    /// <summary>Why a stream is reset that is one too many for its connection.</summary>
    public const int Refused = 7;

    private const byte EndStream = 1, Padded = 8;

    /// <summary>The longest payload that can be padding alone.</summary>
    private const int LongestPadding = 256;

    /// <summary>Whether it is the last that its sender has to say in its stream.</summary>
    public bool IsEnd => Type == Reset || (Type is Data or Headers && (Flags & EndStream) != 0);

    /// <summary>Whether it brings somebody further for certain: it has more data than padding, or is the end of data.</summary>
    public bool CarriesData => Type == Data && (Length > LongestPadding || (Flags & EndStream) != 0 || (Length > 0 && (Flags & Padded) == 0));
}
