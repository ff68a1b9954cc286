using System.Globalization;
using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Upstreams;

namespace Gatehouse.Declaration.Sections;

/// <summary>One server as it is written.</summary>
/// <param name="Place">Where its address stands.</param>
/// <param name="Weight">Its share beside those of the others; 1 unless written, 0 for none.</param>
internal sealed record DestinationText(DestinationAddress Value, Place Place, int Weight);

/// <summary>
/// One server: its address, or its address and weight. No path, no query, no user: what is forwarded comes from the request and its route.
/// </summary>
internal sealed class DestinationShape : Shape<DestinationText>
{
    private static readonly Key<Located<DestinationAddress>> Url = new(
        "url", new AddressShape(), "Scheme, host and port, as in https://10.0.3.1:5101.")
    {
        Required = true,
    };

    private static readonly Key<int> Weight = new(
        "weight",
        Shapes.Whole(0, 100),
        "Its share beside those of the others; 1 unless written. With 0 it gets nothing new.");

    private static readonly AddressShape Address = new();

    private static readonly Section<DestinationText> Weighted = new("a destination", [Url, Weight],
        text => (text.Find(Url), text.Get(Weight, 1)) is ({ } url, var weight) ? new DestinationText(url.Value.Value, url.Place, weight) : null);

    public override bool TryRead(Node node, Findings findings, out DestinationText value)
    {
        if (node is MapNode) return Weighted.TryRead(node, findings, out value);
        value = null!;
        if (!Address.TryRead(node, findings, out var address)) return false;
        value = new DestinationText(address.Value, address.Place, 1);
        return true;
    }

    public override JsonObject ToSchema(SchemaWriter schema) =>
        new() { ["anyOf"] = new JsonArray(Address.ToSchema(schema), Weighted.ToSchema(schema)) };
}

/// <summary>The address of one server: <c>https://10.0.3.1:5101</c>.</summary>
internal sealed class AddressShape : Shape<Located<DestinationAddress>>
{
    private const string Pattern = "^https?://([a-zA-Z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\])(:[0-9]{1,5})?/?$";

    public override bool TryRead(Node node, Findings findings, out Located<DestinationAddress> value)
    {
        value = default;
        if (node is ScalarNode { IsNothing: false } scalar)
        {
            if (Parse(scalar.Text) is { } uri)
            {
                value = new Located<DestinationAddress>(new DestinationAddress(uri), node.Place);
                return true;
            }

            if (scalar.Text.Contains('@', StringComparison.Ordinal))
            {
                findings.Add(Rules.InlineSecret, node.Place, "a destination carries no user and no password",
                    "scheme, host and port, as in https://10.0.3.1:5101");
                return false;
            }
        }

        var written = node is ScalarNode { IsNothing: false } text ? $"'{Show.Bounded(text.Text)}'" : node.Describe();
        findings.Add(
            Rules.WrongType, node.Place, $"{written} is not a destination", "scheme, host and port and nothing else, as in https://10.0.3.1:5101");
        return false;
    }

    public override JsonObject ToSchema(SchemaWriter schema) => new() { ["type"] = "string", ["pattern"] = Pattern };

    private static Uri? Parse(string text)
    {
        var rest = text.StartsWith("https://", StringComparison.Ordinal) ? text[8..] : text.StartsWith("http://", StringComparison.Ordinal)
            ? text[7..] : "";
        if (rest.EndsWith('/')) rest = rest[..^1];
        var end = rest.StartsWith('[') ? rest.IndexOf(']', StringComparison.Ordinal) + 1 : rest.IndexOf(':', StringComparison.Ordinal);
        var (host, port) = end <= 0 || end >= rest.Length ? (rest, "") : (rest[..end], rest[end..]);
        return IsHost(host) && IsPort(port) && Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : null;
    }

    /// <summary>A name or an address as a host is written; IPv6 in brackets.</summary>
    public static bool IsHost(string host)
    {
        if (host.StartsWith('[')) return host.Length > 2 && AddressText.TryReadAddress(host.AsSpan(1, host.Length - 2), out _);
        if (host.Length is 0 or > 253 || !host.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-')) return false;
        if (host.Split('.').Any(label => label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-')) return false;
        var last = host[(host.LastIndexOf('.') + 1)..];
        return !char.IsAsciiDigit(last[0]) || AddressText.TryReadAddress(host, out _); // what ends in a number is read as an address by everybody
    }

    private static bool IsPort(string port) =>
        port is "" || (port[0] == ':' && int.TryParse(port.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is > 0 and <= ushort.MaxValue);
}
