using System.Globalization;
using System.Text.Json.Nodes;

namespace Gatehouse.Configuration;

/// <summary>The shapes that everything else is made of.</summary>
internal static class Shapes
{
    /// <summary>Text of a bounded length, not empty and without control characters.</summary>
    public static Shape<string> Text(int longest = 500) => new ScalarShape<string>($"text of 1 to {longest} characters",
        () => new JsonObject { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = longest },
        (ScalarNode node, out string value) =>
        {
            value = node.Text.Trim();
            return value.Length > 0 && value.Length <= longest && !value.AsSpan().ContainsAnyInRange('\0', '\u001f');
        });

    /// <summary>A name that others refer to: lower-case letters, digits and hyphens, beginning with a letter.</summary>
    public static Shape<string> Name() => new ScalarShape<string>("a name of lower-case letters, digits and hyphens, at most 64",
        () => new JsonObject { ["type"] = "string", ["pattern"] = "^[a-z][a-z0-9-]{0,63}$" },
        (ScalarNode node, out string value) => IsName(value = node.Text));

    public static bool IsName(string text) =>
        text.Length is > 0 and <= 64
            && char.IsAsciiLetterLower(text[0])
            && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    /// <summary>A host as requests name it: a name in lower case (RFC 1123 section 2.1), or an address; no port, no wildcard.</summary>
    public static Shape<string> Host() => Parsed<string>("a host name in lower case or an address, without a port",
        "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){0,20}|\\[[0-9a-f:.]{2,45}\\])$",
        (ScalarNode node, out string value) => IsHost(value = node.Text));

    /// <summary>Who answers for something: a name or an address of mail, without blanks at the ends.</summary>
    public static Shape<string> Owner() => Text(200);

    private static bool IsHost(string text)
    {
        if (text.Length is 0 or > 253) return false;
        if (text[0] == '[') return text[^1] == ']' && text.Contains(':') && AddressText.TryReadAddress(text.AsSpan(1, text.Length - 2), out _);
        return text.Split('.').All(label => label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-'
            && label.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'));
    }

    public static Shape<bool> Flag() => new ScalarShape<bool>("true or false",
        () => new JsonObject { ["type"] = "boolean" },
        (ScalarNode node, out bool value) =>
        {
            value = node.Text == "true";
            return !node.Quoted && node.Text is "true" or "false";
        });

    public static Shape<int> Whole(int least, int most) => new ScalarShape<int>($"a whole number from {least} to {most}",
        () => new JsonObject { ["type"] = "integer", ["minimum"] = least, ["maximum"] = most },
        (ScalarNode node, out int value) =>
            int.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && !node.Quoted && value >= least && value <= most);

    /// <summary>A length of time: a whole number and a unit, <c>250ms</c>, <c>30s</c>, <c>5m</c>, <c>1h</c>, <c>1d</c>.</summary>
    public static Shape<TimeSpan> Duration(TimeSpan least, TimeSpan most) => new ScalarShape<TimeSpan>(
        $"a time such as 250ms, 30s, 5m, 1h or 1d, from {Units.Write(least)} to {Units.Write(most)}",
        () => new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]{1,9}(ms|s|m|h|d)$" },
        (ScalarNode node, out TimeSpan value) => Units.TryReadDuration(node.Text, out value) && value >= least && value <= most);

    /// <summary>A number of bytes: a whole number and a unit, <c>512B</c>, <c>64KiB</c>, <c>10MiB</c>, <c>1GiB</c>.</summary>
    public static Shape<ByteSize> Size(ByteSize least, ByteSize most) => new ScalarShape<ByteSize>(
        $"a size such as 512B, 64KiB or 10MiB, from {least} to {most}",
        () => new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]{1,9}(B|KiB|MiB|GiB)$" },
        (ScalarNode node, out ByteSize value) => ByteSize.TryParse(node.Text, out value) && value >= least && value <= most);

    /// <summary>A day, as year-month-day. It stands for 00:00:00 UTC of that day.</summary>
    public static Shape<DateOnly> Date() => new ScalarShape<DateOnly>("a date such as 2027-06-30",
        () => new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" },
        (ScalarNode node, out DateOnly value) => DateOnly.TryParseExact(node.Text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out value));

    /// <summary>An instant: a day, which stands for 00:00:00 UTC, or a day with a time of day in UTC (RFC 3339).</summary>
    public static Shape<DateTimeOffset> Instant() => new ScalarShape<DateTimeOffset>("a date such as 2027-06-30, or an instant such as 2027-06-30T18:00:00Z",
        () => new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$" },
        (ScalarNode node, out DateTimeOffset value) =>
            DateTimeOffset.TryParseExact(node.Text, ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss'Z'"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out value));

    /// <summary>An absolute address of the web, of characters that can stand in a header field; no user and no password.</summary>
    public static Shape<string> WebAddress() => new WebAddressShape();

    /// <summary>One of a closed list of words.</summary>
    public static Shape<T> OneOf<T>(params (string Word, T Value)[] choices) => new ChoiceShape<T>(choices);

    public static Shape<IReadOnlyList<T>> List<T>(Shape<T> item, int least = 0, int most = 1000) => new ListShape<T>(item, least, most);

    /// <summary>A map whose keys are names given by the author. The order written is kept.</summary>
    public static Shape<IReadOnlyList<Named<T>>> Map<T>(
        Shape<T> value,
        int most = 20000,
        string kind = "name",
        Func<string, bool>? isName = null,
        string pattern = "^[a-z][a-z0-9-]{0,63}$")
        => new MapShape<T>(value, most, kind, isName ?? IsName, pattern);

    /// <summary>A scalar read by a function that knows the form; <paramref name="pattern"/> is its JSON Schema counterpart.</summary>
    public static Shape<T> Parsed<T>(string expected, string pattern, ScalarShape<T>.Reader read) =>
        new ScalarShape<T>(expected, () => new JsonObject { ["type"] = "string", ["pattern"] = pattern }, read);
}

/// <summary>An entry of a map with the place of its name.</summary>
internal sealed record Named<T>(string Name, Place NamePlace, Place Place, T Value);

internal sealed class ScalarShape<T>(string expected, Func<JsonObject> schema, ScalarShape<T>.Reader read) : Shape<T>
{
    public delegate bool Reader(ScalarNode node, out T value);

    public override bool TryRead(Node node, Findings findings, out T value)
    {
        if (node is ScalarNode { IsNothing: false } scalar && read(scalar, out value)) return true;
        value = default!;
        var written = node is ScalarNode { IsNothing: false } text ? $"'{Show.Bounded(text.Text)}'" : node.Describe();
        findings.Add(Rules.WrongType, node.Place, $"{written} is not {expected}");
        return false;
    }

    public override JsonObject ToSchema(SchemaWriter writer) => schema();
}

internal sealed class ChoiceShape<T>((string Word, T Value)[] choices) : Shape<T>
{
    public override bool TryRead(Node node, Findings findings, out T value)
    {
        value = default!;
        if (node is not ScalarNode { IsNothing: false } scalar)
        {
            findings.Add(Rules.WrongType, node.Place, $"{node.Describe()} is not one of {Words()}");
            return false;
        }

        foreach (var (word, choice) in choices)
        {
            if (word != scalar.Text) continue;
            value = choice;
            return true;
        }

        findings.Add(
            Rules.WrongType,
            node.Place,
            $"'{Show.Bounded(scalar.Text)}' is not one of {Words()}",
            Nearest.Hint(scalar.Text, choices.Select(c => c.Word)));
        return false;
    }

    public override JsonObject ToSchema(SchemaWriter writer) =>
        new() { ["enum"] = new JsonArray([.. choices.Select(c => (JsonNode)c.Word)]) };

    private string Words() => string.Join(", ", choices.Select(c => c.Word));
}

internal sealed class ListShape<T>(Shape<T> item, int least, int most) : Shape<IReadOnlyList<T>>
{
    public override bool TryRead(Node node, Findings findings, out IReadOnlyList<T> value)
    {
        value = [];
        if (node is not ListNode list)
        {
            findings.Add(Rules.WrongType, node.Place, $"a list is needed here, not {node.Describe()}");
            return false;
        }

        if (list.Items.Count < least || list.Items.Count > most)
        {
            findings.Add(Rules.WrongType, node.Place, $"a list of {least} to {most} entries is needed here, not {list.Items.Count}");
            return false;
        }

        var values = new List<T>(list.Items.Count);
        foreach (var child in list.Items)
            if (item.TryRead(child, findings, out var read)) values.Add(read);
        value = values;
        return values.Count == list.Items.Count;
    }

    public override JsonObject ToSchema(SchemaWriter writer) =>
        new() { ["type"] = "array", ["items"] = item.ToSchema(writer), ["minItems"] = least, ["maxItems"] = most };
}

internal sealed class MapShape<T>(Shape<T> entry, int most, string kind, Func<string, bool> isName, string pattern) : Shape<IReadOnlyList<Named<T>>>
{
    public override bool TryRead(Node node, Findings findings, out IReadOnlyList<Named<T>> value)
    {
        value = [];
        if (node is not MapNode map)
        {
            findings.Add(Rules.WrongType, node.Place, $"a map from {kind} to its entry is needed here, not {node.Describe()}");
            return false;
        }

        if (map.Entries.Count > most)
        {
            findings.Add(Rules.WrongType, node.Place, $"at most {most} entries may stand here, not {map.Entries.Count}");
            return false;
        }

        var values = new List<Named<T>>(map.Entries.Count);
        foreach (var child in map.Entries)
        {
            if (!isName(child.Key))
                findings.Add(Rules.WrongType, child.KeyPlace, $"'{Show.Bounded(child.Key)}' cannot be a {kind}", "the form is " + pattern);
            else if (entry.TryRead(Named(child), findings, out var read))
                values.Add(new Named<T>(child.Key, child.KeyPlace, child.Value.Place, read));
        }

        value = values;
        return true; // what could be read is worth checking further; what could not has been said
    }

    /// <summary>What is said about an entry as a whole points at its name, which is where a reader looks for it.</summary>
    private static Node Named(MapEntry child) => child.Value is MapNode map ? map with { Place = child.KeyPlace } : child.Value;

    public override JsonObject ToSchema(SchemaWriter writer) => new()
    {
        ["type"] = "object",
        ["propertyNames"] = new JsonObject { ["pattern"] = pattern },
        ["additionalProperties"] = entry.ToSchema(writer),
        ["maxProperties"] = most,
    };
}
