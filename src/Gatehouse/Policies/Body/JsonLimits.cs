using Gatehouse.Configuration;

namespace Gatehouse.Policies.Body;

/// <summary>What JSON (RFC 8259) in a whole body may cost whoever reads it.</summary>
/// <param name="Depth">Objects and arrays within each other.</param>
/// <param name="Nodes">Values of every kind: objects, arrays, strings, numbers, literals.</param>
/// <param name="Items">Values of one array.</param>
/// <param name="Text">Bytes of one string, as it is written.</param>
/// <param name="Name">Bytes of one name, as it is written.</param>
/// <param name="Digits">Digits of one number, written out without an exponent.</param>
internal sealed record JsonLimits(int Depth, int Nodes, int Items, int Text, int Name, int Digits)
{
    /// <summary>What holds where nothing is written: more than programs send, and less than hurts.</summary>
    public static readonly JsonLimits Usual = new(Depth: 64, Nodes: 100_000, Items: 50_000, Text: 1 << 20, Name: 1024, Digits: 1000);

    private static readonly ByteSize LongestText = ByteSize.MiB(16);

    private static readonly Key<int> DepthKey = new("depth", Shapes.Whole(1, 1000),
        $"The most objects and arrays within each other; {Usual.Depth} unless written.");

    private static readonly Key<int> NodesKey = new("nodes", Shapes.Whole(1, 1_000_000),
        $"The most values, those within others included; {Usual.Nodes} unless written.");

    private static readonly Key<int> ItemsKey = new("items", Shapes.Whole(1, 1_000_000),
        $"The most values of one array; {Usual.Items} unless written.");

    private static readonly Key<ByteSize> TextKey = new("string", Shapes.Size(new ByteSize(1), LongestText),
        $"The longest string, as it is written; {new ByteSize(Usual.Text)} unless written.");

    private static readonly Key<ByteSize> NameKey = new("name", Shapes.Size(new ByteSize(1), ByteSize.KiB(64)),
        $"The longest name in an object, as it is written; {new ByteSize(Usual.Name)} unless written.");

    private static readonly Key<int> DigitsKey = new("digits", Shapes.Whole(1, 1_000_000),
        $"The most digits of a number, written out without its exponent; {Usual.Digits} unless written.");

    public static Shape<JsonLimits> Shape { get; } =
        new Section<JsonLimits>("bounds of JSON", [DepthKey, NodesKey, ItemsKey, TextKey, NameKey, DigitsKey], Read);

    private static JsonLimits Read(SectionReader text) => new(
        text.Get(DepthKey, Usual.Depth),
        text.Get(NodesKey, Usual.Nodes),
        text.Get(ItemsKey, Usual.Items),
        (int)text.Get(TextKey, new ByteSize(Usual.Text)).Bytes,
        (int)text.Get(NameKey, new ByteSize(Usual.Name)).Bytes,
        text.Get(DigitsKey, Usual.Digits));
}
