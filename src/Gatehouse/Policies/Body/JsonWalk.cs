using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Gatehouse.Policies.Body;

/// <summary>
/// One walk over JSON, in whatever pieces, that keeps nothing of it: whether it is JSON that everybody reads alike (RFC 8259, RFC 7493 sections 2.1
/// and 2.3: UTF-8, whole surrogate pairs, each name once), and whether it stays within its bounds.
/// </summary>
internal sealed class JsonWalk(JsonLimits limits) : IDisposable
{
    private readonly JsonNames _names = new();
    private readonly Level[] _levels = ArrayPool<Level>.Shared.Rent(limits.Depth);
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = limits.Depth + 1 }); // so that it is told here, and not by an exception
    private byte[]? _scratch;
    private int _depth;
    private int _nodes;
    private long _objects;

    /// <summary>What is open: the number of an object, or how many values an array has had.</summary>
    private record struct Level(long Object, int Items);

    /// <summary>Walks on. Null for nothing wrong.</summary>
    /// <param name="bytes">What was not <paramref name="consumed"/> before, and what follows it.</param>
    /// <param name="isLast">Whether nothing follows.</param>
    public JsonFault? Read(ReadOnlySpan<byte> bytes, bool isLast, out int consumed)
    {
        var reader = new Utf8JsonReader(bytes, isLast, _state);
        JsonFault? fault = null;
        try
        {
            while (fault is null && reader.Read()) fault = Take(ref reader);
        }
        catch (JsonException)
        {
            fault = JsonFault.NotJson;
        }

        consumed = (int)reader.BytesConsumed;
        _state = reader.CurrentState;
        return fault;
    }

    public void Dispose()
    {
        _names.Dispose();
        ArrayPool<Level>.Shared.Return(_levels);
        if (_scratch is not null) ArrayPool<byte>.Shared.Return(_scratch);
        _scratch = null;
    }

    private JsonFault? Take(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                return TakeName(ref reader);
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                _depth--;
                return null;
            case JsonTokenType.StartObject:
                return Count() ?? Open(new Level(++_objects, 0));
            case JsonTokenType.StartArray:
                return Count() ?? Open(default);
            case JsonTokenType.String:
                return Count() ?? (reader.ValueSpan.Length > limits.Text ? JsonFault.LongText : FaultOfText(ref reader));
            case JsonTokenType.Number:
                return Count() ?? (HasMoreDigits(reader.ValueSpan, limits.Digits) ? JsonFault.LongNumber : null);
            default:
                return Count();
        }
    }

    private JsonFault? Open(Level level)
    {
        if (_depth == limits.Depth) return JsonFault.TooDeep;
        _levels[_depth++] = level;
        return null;
    }

    private JsonFault? Count()
    {
        if (++_nodes > limits.Nodes) return JsonFault.TooManyNodes;
        if (_depth == 0) return null;
        ref var level = ref _levels[_depth - 1];
        return level.Object == 0 && ++level.Items > limits.Items ? JsonFault.TooManyItems : null;
    }

    private JsonFault? TakeName(ref Utf8JsonReader reader)
    {
        var name = reader.ValueSpan;
        if (name.Length > limits.Name) return JsonFault.LongName;
        if (FaultOfText(ref reader) is { } fault) return fault;
        if (reader.ValueIsEscaped)
        {
            _scratch ??= ArrayPool<byte>.Shared.Rent(limits.Name);
            name = _scratch.AsSpan(0, reader.CopyString(_scratch)); // no longer than it is written
        }

        return _names.Add(_levels[_depth - 1].Object, name) ? null : JsonFault.TwoNames;
    }

    /// <summary>The reader below checks neither: octets that are no UTF-8 (RFC 3629), and escaped halves of a surrogate pair.</summary>
    private static JsonFault? FaultOfText(ref Utf8JsonReader reader)
    {
        if (!Utf8.IsValid(reader.ValueSpan)) return JsonFault.NotUnicode;
        return reader.ValueIsEscaped && HasLoneSurrogate(reader.ValueSpan) ? JsonFault.NotUnicode : null;
    }

    private static bool HasLoneSurrogate(ReadOnlySpan<byte> text)
    {
        for (int at; (at = text.IndexOf((byte)'\\')) >= 0;)
        {
            text = text[(at + 1)..];
            if (text[0] != 'u')
            {
                text = text[1..];
                continue;
            }

            var unit = UnitOf(text[1..5]);
            text = text[5..];
            if (unit is < 0xd800 or > 0xdfff) continue;
            if (unit > 0xdbff || !text.StartsWith("\\u"u8) || UnitOf(text[2..6]) is < 0xdc00 or > 0xdfff) return true;
            text = text[6..];
        }

        return false;
    }

    private static ushort UnitOf(ReadOnlySpan<byte> hex) => ushort.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>A small text can be a large number: 1e999999999 has a thousand million digits to whoever writes it out.</summary>
    private static bool HasMoreDigits(ReadOnlySpan<byte> number, int most)
    {
        var mark = number.IndexOfAny((byte)'e', (byte)'E');
        if (mark < 0) return number.Length > most;
        var exponent = 0L;
        foreach (var digit in number[(mark + 1)..].TrimStart("+-"u8)) exponent = Math.Min(most, (exponent * 10) + digit - '0');
        return mark + exponent > most;
    }
}
