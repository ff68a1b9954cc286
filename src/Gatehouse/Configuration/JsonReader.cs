using System.Text;
using System.Text.Json;

namespace Gatehouse.Configuration;

/// <summary>
/// Reads JSON (RFC 8259) into the same nodes, with the same places, as <see cref="YamlReader"/>. A name that stands twice is a finding; comments and
/// trailing commas are not JSON.
/// </summary>
internal ref struct JsonReader
{
    private const int MostDepth = 40;

    private readonly string _file;
    private readonly Findings _findings;
    private readonly ReadOnlySpan<byte> _text;
    private Utf8JsonReader _reader;
    private int _at;
    private int _line;
    private int _column;

    private JsonReader(string file, ReadOnlySpan<byte> text, Findings findings)
    {
        (_file, _findings) = (file, findings);
        _text = text;
        _reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = MostDepth });
        (_line, _column) = (1, 1);
    }

    /// <summary>The document's root, or null when it cannot be read; then a finding says why.</summary>
    /// <param name="text">UTF-8 without a byte order mark.</param>
    public static Node? Read(string file, ReadOnlySpan<byte> text, Findings findings)
    {
        var reader = new JsonReader(file, text, findings);
        try
        {
            reader._reader.Read();
            var root = reader.Next();
            reader._reader.Read(); // nothing may stand behind the root
            return root;
        }
        catch (JsonException e)
        {
            var place = new Place(file, (int)(e.LineNumber ?? 0) + 1, (int)(e.BytePositionInLine ?? 0) + 1);
            findings.Add(Rules.NotYaml, place, "this is not JSON: " + Show.Bounded(e.Message.Split(" LineNumber:")[0]));
            return null;
        }
        catch (InvalidOperationException)
        {
            findings.Add(Rules.NotYaml, reader.PlaceOfToken(), "this is not JSON: the text here is not Unicode"); // half of a surrogate pair
            return null;
        }
    }

    private Node Next()
    {
        var place = PlaceOfToken();
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return Map(place);
            case JsonTokenType.StartArray:
                var items = new List<Node>();
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray) items.Add(Next());
                return new ListNode(place, items);
            case JsonTokenType.String:
                return new ScalarNode(place, _reader.GetString()!, Quoted: true);
            default:
                return new ScalarNode(place, Encoding.UTF8.GetString(_reader.ValueSpan), Quoted: false);
        }
    }

    private MapNode Map(Place place)
    {
        var entries = new List<MapEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var (name, namePlace) = (_reader.GetString()!, PlaceOfToken());
            _reader.Read();
            var value = Next();
            if (names.Add(name)) entries.Add(new MapEntry(name, namePlace, value));
            else _findings.Add(Rules.DuplicateKey, namePlace, $"'{Show.Bounded(name)}' stands here twice");
        }

        return new MapNode(place, entries);
    }

    /// <summary>
    /// Counts on from the last place that was asked for: tokens come in order, so the text is walked once. Columns are UTF-16 units, as in
    /// YAML.
    /// </summary>
    private Place PlaceOfToken()
    {
        for (; _at < (int)_reader.TokenStartIndex; _at++)
        {
            var octet = _text[_at];
            if (octet == (byte)'\n') (_line, _column) = (_line + 1, 1);
            else if ((octet & 0xC0) != 0x80) _column += octet >= 0xF0 ? 2 : 1;
        }

        return new Place(_file, _line, _column);
    }
}
