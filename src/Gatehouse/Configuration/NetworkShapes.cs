using System.Net;
using System.Text.Json.Nodes;

namespace Gatehouse.Configuration;

/// <summary>The shapes of addresses, networks and listening points.</summary>
internal static class NetworkShapes
{
    /// <summary>
    /// A network such as <c>10.0.0.0/8</c>, or one address. Octal, hexadecimal and short forms, and bits behind the prefix, are refused.
    /// </summary>
    public static Shape<IPNetwork> Network() => Shapes.Parsed<IPNetwork>(
        "a network such as 10.0.0.0/8 or 2001:db8::/32 with nothing set behind the prefix, or one address",
        "^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$",
        (node, out value) => AddressText.TryReadNetwork(node.Text, out value));

    /// <summary>A list of at least one network.</summary>
    public static Shape<Networks> Networks() => new NetworksShape();

    /// <summary>An address and a port, as in <c>127.0.0.1:8080</c> or <c>[::1]:8080</c>. Port 0 asks for any free one.</summary>
    public static Shape<IPEndPoint> EndPoint() => Shapes.Parsed<IPEndPoint>(
        "an address and a port, such as 127.0.0.1:8080 or [::1]:8080",
        "^([0-9.]{7,15}|\\[[0-9A-Fa-f:.]{2,45}\\]):[0-9]{1,5}$",
        (node, out value) => AddressText.TryReadEndPoint(node.Text, out value));

    private sealed class NetworksShape : Shape<Networks>
    {
        private static readonly Shape<IReadOnlyList<IPNetwork>> List = Shapes.List(Network(), least: 1);

        public override bool TryRead(Node node, Findings findings, out Networks value)
        {
            var read = List.TryRead(node, findings, out var networks);
            value = new Networks(networks);
            return read;
        }

        public override JsonObject ToSchema(SchemaWriter schema) => List.ToSchema(schema);
    }
}
