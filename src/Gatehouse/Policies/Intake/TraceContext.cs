using System.Buffers;
using System.Buffers.Binary;
using Gatehouse.Pipeline;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Policies.Intake;

/// <summary>
/// Joins the client's trace (W3C Trace Context, level 1, version 00) or begins one. The backend sees the trace with a new parent: the gateway's own
/// span. What is not a valid <c>traceparent</c> is dropped together with its <c>tracestate</c>.
/// </summary>
internal static class TraceContext
{
    private const int Length = 55; // 00-{32}-{16}-{2}
    private const int TraceAt = 3;
    private const int TraceLength = 32;
    private const int SpanAt = 36;
    private const int SpanLength = 16;
    private const int FlagsAt = 53;
    private const int LongestState = 512;

    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    public static void Join(Exchange exchange)
    {
        var headers = exchange.RequestHeaders;
        Span<char> parent = stackalloc char[Length];
        var given = headers.TraceParent;
        if (given.Count == 1 && given[0] is { } text && IsValid(text))
        {
            text.CopyTo(parent);
            parent[FlagsAt] = '0'; // of the flags, level 1 knows only "sampled"
            parent[FlagsAt + 1] = IsOdd(parent[FlagsAt + 1]) ? '1' : '0';
            if (IsTooLong(headers)) headers.Remove("tracestate");
        }
        else
        {
            "00-".CopyTo(parent);
            WriteRandom(parent.Slice(TraceAt, SpanLength));
            WriteRandom(parent.Slice(TraceAt + SpanLength, SpanLength));
            "-".CopyTo(parent[(SpanAt - 1)..]);
            "-00".CopyTo(parent[(FlagsAt - 1)..]);
            headers.Remove("tracestate");
        }

        WriteRandom(parent.Slice(SpanAt, SpanLength));
        exchange.TraceId = parent.Slice(TraceAt, TraceLength).ToString();
        headers.TraceParent = parent.ToString();
    }

    private static bool IsValid(ReadOnlySpan<char> text) =>
        text.Length == Length && text.StartsWith("00-", StringComparison.Ordinal) && text[SpanAt - 1] == '-' && text[FlagsAt - 1] == '-'
        && IsId(text.Slice(TraceAt, TraceLength)) && IsId(text.Slice(SpanAt, SpanLength)) && !text[FlagsAt..].ContainsAnyExcept(LowerHex);

    private static bool IsId(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(LowerHex) && text.ContainsAnyExcept('0');

    private static bool IsOdd(char digit) => ((digit <= '9' ? digit : digit - 1) & 1) != 0;

    private static bool IsTooLong(IHeaderDictionary headers)
    {
        var length = 0;
        foreach (var value in headers.TraceState) length += (value?.Length ?? 0) + 1;
        return length > LongestState;
    }

    /// <summary>16 digits that are not all zero. Ids of traces are no secrets, so that the fast generator will do.</summary>
    private static void WriteRandom(Span<char> digits)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, Random.Shared.NextInt64(1, long.MaxValue));
        Convert.TryToHexStringLower(bytes, digits, out _);
    }
}
