using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Audit;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Record;

/// <summary>
/// Reads a JSON answer (RFC 8259) while it goes to the client, in whatever pieces, and keeps whom it is about: texts and numbers at the names that
/// the route gives. A list at one of them stands for each of its items. Nothing else of the answer is kept.
/// </summary>
/// <param name="isReadable">Whether its head says that it is JSON in no coding.</param>
internal sealed class AnswerSubjects(AnswerSources sources, bool isReadable) : AnswerReader
{
    /// <summary>The detail that says what is missing.</summary>
    public const string Detail = "about";

    /// <summary>It could not be read to its end: it is no JSON, has a coding or broke off.</summary>
    public const string Unread = "unread";

    /// <summary>There were more than a record has room for.</summary>
    public const string More = "more";

    /// <summary>It was read to its end, and says of nobody.</summary>
    public const string Nobody = "nobody";

    /// <summary>What a record has room for besides those whom requests name.</summary>
    public const int MostFound = RecordWriter.MostAbout - (6 * RequestParameters.MostValues);

    private const int Deepest = 64;
    private const int LongestToken = 16 * 1024;
    private const int LongestValue = 1024;

    private readonly Level[] _levels = new Level[Deepest];
    private readonly List<AboutEntry> _found = [];
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = Deepest });
    private Level _next = new((1 << sources.Count) - 1, 0, false);
    private int _depth;
    private byte[] _rest = [];
    private int _restLength;
    private bool _isUnread = !isReadable;
    private bool _hasMore;
    private bool _ended;

    /// <summary>Those whom it named; at most <see cref="MostFound"/>.</summary>
    public IReadOnlyList<AboutEntry> Found => _found;

    public override void Read(ReadOnlySpan<byte> bytes)
    {
        if (_isUnread || _ended || bytes.IsEmpty) return;
        if (_restLength == 0)
        {
            Keep(bytes[Walk(bytes, isLast: false)..]);
            return;
        }

        var length = _restLength + bytes.Length;
        var joined = ArrayPool<byte>.Shared.Rent(length);
        _rest.AsSpan(0, _restLength).CopyTo(joined);
        bytes.CopyTo(joined.AsSpan(_restLength));
        var all = joined.AsSpan(0, length);
        Keep(all[Walk(all, isLast: false)..]);
        all.Clear();
        ArrayPool<byte>.Shared.Return(joined);
    }

    /// <summary>Ends the reading. What is missing of whom it is about, or null for nothing.</summary>
    public string? End()
    {
        if (!_ended && !_isUnread) Walk(_rest.AsSpan(0, _restLength), isLast: true);
        (_ended, _rest, _restLength) = (true, [], 0);
        if (_isUnread) return Unread;
        if (_hasMore) return More;
        return _found.Count == 0 ? Nobody : null;
    }

    private void Keep(ReadOnlySpan<byte> rest)
    {
        _restLength = rest.Length;
        if (rest.Length > LongestToken) _isUnread = true;
        if (_isUnread || rest.IsEmpty) return;
        if (_rest.Length < rest.Length) _rest = new byte[Math.Min(LongestToken, rest.Length * 2)];
        rest.CopyTo(_rest);
    }

    /// <summary>How many bytes are not needed again.</summary>
    private int Walk(ReadOnlySpan<byte> bytes, bool isLast)
    {
        var reader = new Utf8JsonReader(bytes, isLast, _state);
        try
        {
            while (!_isUnread && reader.Read()) Take(ref reader);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            _isUnread = true; // no JSON, or a text that is no Unicode
        }

        _state = reader.CurrentState;
        return (int)reader.BytesConsumed;
    }

    private void Take(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                _next = Within(_levels[_depth - 1], ref reader);
                break;
            case JsonTokenType.StartObject:
                _levels[_depth++] = _next with { IsList = false };
                break;
            case JsonTokenType.StartArray:
                _levels[_depth++] = _next = _next with { IsList = true };
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                _depth--;
                if (_depth > 0 && _levels[_depth - 1].IsList) _next = _levels[_depth - 1];
                break;
            case JsonTokenType.String or JsonTokenType.Number:
                if (_next.Sources != 0) TakeValue(ref reader);
                break;
        }
    }

    /// <summary>Which sources a member of an object may still be, with one more name that fits.</summary>
    private Level Within(Level level, ref Utf8JsonReader reader)
    {
        var fitting = 0;
        for (var i = 0; level.Sources >> i != 0; i++)
        {
            if ((level.Sources & (1 << i)) == 0) continue;
            var names = sources.Names(i);
            if (level.Names < names.Length && reader.ValueTextEquals(names[level.Names])) fitting |= 1 << i;
        }

        return new Level(fitting, level.Names + 1, false);
    }

    private void TakeValue(ref Utf8JsonReader reader)
    {
        string? value = null;
        for (var i = 0; _next.Sources >> i != 0; i++)
        {
            if ((_next.Sources & (1 << i)) == 0 || sources.Names(i).Length != _next.Names) continue;
            if (reader.ValueSpan.Length > LongestValue)
            {
                _isUnread = true;
                return;
            }

            value ??= reader.TokenType == JsonTokenType.String ? reader.GetString()! : Encoding.ASCII.GetString(reader.ValueSpan);
            if (value.Length > 0) Add(sources.Key.About(sources.Subject(i), value));
        }
    }

    private void Add(AboutEntry entry)
    {
        if (_found.Contains(entry)) return;
        if (_found.Count < MostFound) _found.Add(entry);
        else _hasMore = true;
    }

    /// <summary>A place in the answer.</summary>
    /// <param name="Sources">Those that it may lead to, a bit each.</param>
    /// <param name="Names">How many of their names have led here.</param>
    private readonly record struct Level(int Sources, int Names, bool IsList);
}
