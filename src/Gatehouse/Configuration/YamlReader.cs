using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Gatehouse.Configuration;

/// <summary>
/// Reads YAML into nodes that know their places. Everything in YAML that makes a text mean something else than it seems to
/// (anchors, aliases, merge keys, tags, duplicate names, several documents) is a finding, never followed.
/// </summary>
internal sealed class YamlReader
{
    public const int MostCharacters = 32 * 1024 * 1024;
    private const int MostDepth = 40;

    private readonly string _file;
    private readonly Findings _findings;
    private readonly Parser _parser;

    private YamlReader(string file, string text, Findings findings)
    {
        _file = file;
        _findings = findings;
        _parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
    }

    /// <summary>The document's root, or null when it cannot be read; then at least one finding says why.</summary>
    public static Node? Read(string file, string text, Findings findings)
    {
        if (text.Length > MostCharacters)
        {
            findings.Add(Rules.NotYaml, new Place(file, 1, 1), $"the file is longer than {MostCharacters} characters");
            return null;
        }

        var reader = new YamlReader(file, text, findings);
        try
        {
            return reader.Document();
        }
        catch (YamlException e)
        {
            var reason = Reason(e);
            var place = reason.Contains("tab as indentation", StringComparison.Ordinal) && FirstTab(file, text) is { } tab
                ? tab // the library only tells where the map began
                : new Place(file, (int)Math.Max(1, e.Start.Line), (int)Math.Max(1, e.Start.Column));
            findings.Add(Rules.NotYaml, place, "this is not YAML: " + Show.Bounded(reason));
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException
            or NullReferenceException or OverflowException or FormatException)
        {
            // the library's scanner gives up in these ways over some malformed texts; where it was last is near what it stumbled over
            var place = reader._parser.Current is { } last ? reader.PlaceOf(last) : new Place(file, 1, 1);
            findings.Add(Rules.NotYaml, place, "this is not YAML; what cannot be read stands behind this");
            return null;
        }
    }

    private Node? Document()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out var end))
        {
            _findings.Add(Rules.NotYaml, PlaceOf(end), "the file is empty");
            return null;
        }

        _parser.Consume<DocumentStart>();
        var root = Next(0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
        {
            _findings.Add(Rules.NotYaml, PlaceOf(second), "a declaration is one YAML document; a second one begins here",
                "use 'include' to split a declaration");
            return null;
        }

        return root;
    }

    private Node Next(int depth)
    {
        if (depth > MostDepth) throw new YamlException(_parser.Current!.Start, _parser.Current.End, $"nested deeper than {MostDepth}");
        switch (_parser.Current)
        {
            case AnchorAlias alias:
                _parser.MoveNext();
                _findings.Add(Rules.YamlTrick, PlaceOf(alias), "an alias stands here; a declaration says what it means where it means it",
                    "write the value out");
                return new ScalarNode(PlaceOf(alias), "", Quoted: false);
            case Scalar scalar:
                _parser.MoveNext();
                RefuseTricks(scalar);
                return new ScalarNode(PlaceOf(scalar), scalar.Value, scalar.Style is not ScalarStyle.Plain);
            case SequenceStart sequence:
                return List(sequence, depth);
            case MappingStart mapping:
                return Map(mapping, depth);
            default:
                throw new YamlException(_parser.Current?.Start ?? Mark.Empty, _parser.Current?.End ?? Mark.Empty, "a value is missing");
        }
    }

    private ListNode List(SequenceStart start, int depth)
    {
        _parser.MoveNext();
        RefuseTricks(start);
        var items = new List<Node>();
        while (!_parser.Accept<SequenceEnd>(out _)) items.Add(Next(depth + 1));
        _parser.MoveNext();
        return new ListNode(PlaceOf(start), items);
    }

    private MapNode Map(MappingStart start, int depth)
    {
        _parser.MoveNext();
        RefuseTricks(start);
        var entries = new List<MapEntry>();
        var names = new Dictionary<string, Place>(StringComparer.Ordinal);
        while (!_parser.Accept<MappingEnd>(out _))
        {
            var key = Next(depth + 1);
            var value = Next(depth + 1);
            if (key is not ScalarNode name)
                _findings.Add(Rules.YamlTrick, key.Place, $"{key.Describe()} cannot be a key");
            else if (name is { Text: "<<", Quoted: false })
                _findings.Add(Rules.YamlTrick, name.Place, "merge keys are not read",
                    "write the values out, or use 'each' to give them to every route of an api");
            else if (!names.TryAdd(name.Text, name.Place))
                _findings.Add(
                    Rules.DuplicateKey, name.Place, $"'{Show.Bounded(name.Text)}' stands here twice", $"it stands at {names[name.Text]} already");
            else
                entries.Add(new MapEntry(name.Text, name.Place, value));
        }

        _parser.MoveNext();
        return new MapNode(PlaceOf(start), entries);
    }

    private void RefuseTricks(NodeEvent node)
    {
        if (!node.Anchor.IsEmpty) _findings.Add(Rules.YamlTrick, PlaceOf(node), "anchors are not read", "write the value where it is needed");
        if (!node.Tag.IsEmpty) _findings.Add(Rules.YamlTrick, PlaceOf(node), "tags are not read", "write the value plainly");
    }

    private Place PlaceOf(ParsingEvent e) => new(_file, (int)e.Start.Line, (int)e.Start.Column);

    private static Place? FirstTab(string file, string text)
    {
        var line = 0;
        foreach (var content in text.AsSpan().EnumerateLines())
        {
            line++;
            var column = content.IndexOfAnyExcept(' ');
            if (column >= 0 && content[column] == '\t') return new Place(file, line, column + 1);
        }

        return null;
    }

    private static string Reason(YamlException e) => e.InnerException?.Message ?? e.Message;
}
