using System.Buffers;
using System.Text;

namespace Gatehouse.Policies.Intake;

/// <summary>
/// A request's head as its bytes came (RFC 9112 sections 2 to 6), looked at line by line as the parser takes them. It finds what two programs could
/// read differently and what the parser mends without a word; what the head says is for the parser to say.
/// </summary>
internal struct RawHead
{
    /// <summary>No head that is served has other bytes: no control character but the tab, and CR and LF at the ends of lines.</summary>
    private static readonly SearchValues<byte> HeadBytes = SearchValues.Create(
        [.. Enumerable.Range(0, 256).Where(b => b is '\t' or '\r' or '\n' or (>= 0x20 and not 0x7f)).Select(b => (byte)b)]);

    private Part _part;
    private bool _afterReturn;
    private bool _hasHost;
    private bool _hasLength;

    private enum Part : byte
    {
        Before,
        Fields,
        Whole,
    }

    /// <summary>What is wrong, as a constant text; null for nothing so far.</summary>
    public string? Fault { get; private set; }

    /// <summary>Whether nothing but empty lines has been seen.</summary>
    public readonly bool IsAhead => _part == Part.Before;

    /// <summary>Whether the empty line at the end has been seen.</summary>
    public readonly bool IsWhole => _part == Part.Whole;

    /// <summary>Whether the body comes in chunks.</summary>
    public bool IsChunked { get; private set; }

    /// <summary>
    /// What the <c>Connection</c> fields say, where that is more than one common option; else null. The parser keeps of them what it knows, and the
    /// fields that they nominate would stay.
    /// </summary>
    public string? Nominated { get; private set; }

    /// <summary>
    /// Whether the first line of what has been received names a version that is served, as far as that line is there: the parser would answer others
    /// with 505, as though the fault were the gateway's.
    /// </summary>
    public static bool NamesServedVersion(in ReadOnlySequence<byte> received)
    {
        var first = received.FirstSpan.TrimStart("\r\n"u8);
        var end = first.IndexOf((byte)'\n');
        if (end >= 0) return EndsInServedVersion(first[..end]);
        if (received.IsSingleSegment) return true;
        var reader = new SequenceReader<byte>(received);
        reader.AdvancePastAny((byte)'\r', (byte)'\n');
        if (!reader.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n')) return true;
        Span<byte> tail = stackalloc byte[12];
        line = line.Slice(Math.Max(0, line.Length - tail.Length));
        line.CopyTo(tail);
        return EndsInServedVersion(tail[..(int)line.Length]);
    }

    /// <param name="bytes">What the parser has taken since it was last looked: whole lines, or a part of the empty ones before the head.</param>
    public void Read(in ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsSingleSegment)
        {
            Read(bytes.FirstSpan);
            return;
        }

        var length = (int)bytes.Length; // the parser takes no more than a head may have
        var whole = ArrayPool<byte>.Shared.Rent(length);
        bytes.CopyTo(whole);
        Read(whole.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(whole);
    }

    public void Read(ReadOnlySpan<byte> bytes)
    {
        if (Fault is not null || bytes.IsEmpty) return;
        Fault = bytes.ContainsAnyExcept(HeadBytes) ? "the head has a control character" : null;
        if (_part == Part.Before) SkipEmptyLines(ref bytes);
        while (!bytes.IsEmpty && Fault is null)
        {
            var end = bytes.IndexOfAny((byte)'\r', (byte)'\n');
            if (end < 0 || bytes[end] != '\r' || end + 1 == bytes.Length || bytes[end + 1] != '\n')
            {
                Fault = "a line of the head does not end with CR and LF";
                return;
            }

            Fault = ReadLine(bytes[..end]);
            bytes = bytes[(end + 2)..];
        }
    }

    /// <summary>Empty lines before a request are nothing (RFC 9112 section 2.2), but they are lines. Here alone one may come in two parts.</summary>
    private void SkipEmptyLines(ref ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && (_afterReturn ? bytes[0] == '\n' : bytes[0] == '\r'))
        {
            _afterReturn = !_afterReturn;
            bytes = bytes[1..];
        }

        if (_afterReturn && !bytes.IsEmpty) Fault ??= "a line of the head does not end with CR and LF";
    }

    private string? ReadLine(ReadOnlySpan<byte> line)
    {
        switch (_part)
        {
            case Part.Before:
                _part = Part.Fields;
                return FaultOfRequestLine(line);
            case Part.Fields when line.IsEmpty:
                _part = Part.Whole;
                return _hasLength && IsChunked ? "the request has two lengths" : null;
            case Part.Fields:
                return ReadField(line);
            default:
                return "the head does not end where it was seen to end";
        }
    }

    /// <summary>
    /// RFC 9112 section 3: method, target and version with one blank between them. What stands within the target is not looked at: the parser has
    /// unescaped the path in this memory by now, and the text that it kept of it before is judged with the path and the query.
    /// </summary>
    private static string? FaultOfRequestLine(ReadOnlySpan<byte> line)
    {
        var first = line.IndexOf((byte)' ');
        var last = line.LastIndexOf((byte)' ');
        if (first <= 0 || last <= first + 1 || line[first + 1] == ' ' || line[last - 1] == ' ')
            return "the request line is not a method, a target and a version";
        return EndsInServedVersion(line) ? null : "the version is not served";
    }

    private static bool EndsInServedVersion(ReadOnlySpan<byte> line)
    {
        line = line.TrimEnd((byte)'\r');
        return line.EndsWith(" HTTP/1.1"u8) || line.EndsWith(" HTTP/1.0"u8);
    }

    /// <summary>RFC 9112 section 5: no folding, no blank before the colon; and those fields that say where the request ends.</summary>
    private string? ReadField(ReadOnlySpan<byte> line)
    {
        if (line[0] is (byte)' ' or (byte)'\t') return "a header field is folded";
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[colon - 1] is (byte)' ' or (byte)'\t') return "a header field has no proper name";
        var name = line[..colon];
        return colon switch
        {
            4 when Ascii.EqualsIgnoreCase(name, "Host"u8) => ReadHost(),
            10 when Ascii.EqualsIgnoreCase(name, "Connection"u8) => ReadConnection(line[(colon + 1)..].Trim(" \t"u8)),
            14 when Ascii.EqualsIgnoreCase(name, "Content-Length"u8) => ReadLength(line[(colon + 1)..].Trim(" \t"u8)),
            17 when Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8) => ReadEncoding(line[(colon + 1)..].Trim(" \t"u8)),
            _ => null,
        };
    }

    private string? ReadHost()
    {
        if (_hasHost) return "Host is not exactly one host";
        _hasHost = true;
        return null;
    }

    private string? ReadConnection(ReadOnlySpan<byte> value)
    {
        if (Ascii.EqualsIgnoreCase(value, "keep-alive"u8) || Ascii.EqualsIgnoreCase(value, "close"u8)) return null;
        var text = Encoding.Latin1.GetString(value);
        Nominated = Nominated is null ? text : Nominated + "," + text;
        return null;
    }

    /// <summary>RFC 9110 section 8.6: digits, without a sign, a blank or a needless zero, once.</summary>
    private string? ReadLength(ReadOnlySpan<byte> value)
    {
        if (_hasLength) return "Content-Length stands more than once";
        _hasLength = true;
        if (value.Length is 0 or > 18 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9') || (value[0] == '0' && value.Length > 1))
            return "Content-Length is not one plain number";
        return null;
    }

    private string? ReadEncoding(ReadOnlySpan<byte> value)
    {
        if (IsChunked || !Ascii.EqualsIgnoreCase(value, "chunked"u8)) return "Transfer-Encoding is not exactly chunked";
        IsChunked = true;
        return null;
    }
}
