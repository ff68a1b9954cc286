using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using Gatehouse.Pipeline;
using Gatehouse.Telemetry.Otlp;

namespace Gatehouse.Policies.Intake;

/// <summary>
/// Joins the client's trace (W3C Trace Context, level 1, version 00) or begins one. The backend sees the trace with a new parent: the gateway's own
/// span. What is not a valid <c>traceparent</c> is dropped together with its <c>tracestate</c>, and so is a <c>tracestate</c> that is none.
/// </summary>
internal static class TraceContext
{
    private const int Length = 55; // 00-{32}-{16}-{2}
    private const int TraceAt = 3;
    private const int TraceLength = 32;
    private const int SpanAt = 36;
    private const int SpanLength = 16;
    private const int FlagsAt = 53;

    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    /// <param name="rules">Whether the exchange is traced; null where none is, and then nothing is kept of it but the ids.</param>
    public static void Join(Exchange exchange, TraceRules? rules)
    {
        var headers = exchange.RequestHeaders;
        Span<char> parent = stackalloc char[Length];
        var given = headers.TraceParent;
        var caller = 0ul;
        if (given.Count == 1 && given[0] is { } text && IsValid(text))
        {
            text.CopyTo(parent);
            parent[FlagsAt] = '0'; // of the flags, level 1 knows only "sampled"
            parent[FlagsAt + 1] = IsOdd(parent[FlagsAt + 1]) ? '1' : '0';
            if (rules is not null) caller = ReadSpan(parent);
            if (!TraceState.IsValid(headers.TraceState)) headers.Remove("tracestate");
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
        if (rules is not null) exchange.Trace = Decide(rules, parent, caller);
        headers.TraceParent = parent.ToString();
    }

    /// <summary>
    /// Whoever calls may choose the trace, but by its id alone not whether it is told: that is drawn here, unless the declaration lets them decide.
    /// </summary>
    private static ExchangeTrace Decide(TraceRules rules, Span<char> parent, ulong caller)
    {
        var sampled = caller != 0 && rules.HonoursParent ? parent[FlagsAt + 1] == '1' : Random.Shared.NextDouble() < rules.Sample;
        parent[FlagsAt + 1] = sampled ? '1' : '0';
        var trace = UInt128.Parse(parent.Slice(TraceAt, TraceLength), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return new ExchangeTrace(trace, ReadSpan(parent), caller, sampled);
    }

    private static ulong ReadSpan(ReadOnlySpan<char> parent) =>
        ulong.Parse(parent.Slice(SpanAt, SpanLength), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static bool IsValid(ReadOnlySpan<char> text) =>
        text.Length == Length && text.StartsWith("00-", StringComparison.Ordinal) && text[SpanAt - 1] == '-' && text[FlagsAt - 1] == '-'
        && IsId(text.Slice(TraceAt, TraceLength)) && IsId(text.Slice(SpanAt, SpanLength)) && !text[FlagsAt..].ContainsAnyExcept(LowerHex);

    private static bool IsId(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(LowerHex) && text.ContainsAnyExcept('0');

    private static bool IsOdd(char digit) => ((digit <= '9' ? digit : digit - 1) & 1) != 0;

    /// <summary>16 digits that are not all zero. Ids of traces are no secrets, so that the fast generator will do.</summary>
    private static void WriteRandom(Span<char> digits)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, Random.Shared.NextInt64(1, long.MaxValue));
        Convert.TryToHexStringLower(bytes, digits, out _);
    }
}
