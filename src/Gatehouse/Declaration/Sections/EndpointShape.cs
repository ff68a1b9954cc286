using System.Text.Json.Nodes;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Checks;

namespace Gatehouse.Declaration.Sections;

/// <summary>
/// The address of a service that the gateway itself asks: https, or http on loopback; no user, no fragment. It is held against the same list of
/// addresses that are nobody's service as destinations are.
/// </summary>
internal sealed class EndpointShape : Shape<Located<Uri>>
{
    private const string Pattern =
        "^https?://([a-zA-Z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\])(:[0-9]{1,5})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,400})?$";

    private static readonly Shape<string> Address = Shapes.WebAddress();

    public override bool TryRead(Node node, Findings findings, out Located<Uri> value)
    {
        value = default;
        if (node is ScalarNode { Text: var written } && written.Contains('@', StringComparison.Ordinal)) // it is not repeated
        {
            findings.Add(Rules.InlineSecret, node.Place, "an endpoint carries no user and no password");
            return false;
        }

        if (!Address.TryRead(node, findings, out var text)) return false;
        var uri = new Uri(text, UriKind.Absolute);
        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            findings.Add(Rules.WrongType, node.Place, $"'{Show.Bounded(text)}' is not an endpoint",
                "scheme, host, port and path, and nothing behind it");
            return false;
        }

        if (uri.Scheme == "http" && !uri.IsLoopback)
            findings.Add(Rules.CleartextUpstream, node.Place, $"what is asked of {Show.Bounded(text)} would go over the network in cleartext",
                "https://…");
        if (Destinations.IsNobodysService(uri))
            findings.Add(Rules.ForbiddenDestination, node.Place, $"{Show.Bounded(text)} is link-local or a metadata service");
        value = new Located<Uri>(uri, node.Place);
        return true;
    }

    public override JsonObject ToSchema(SchemaWriter schema) => new() { ["type"] = "string", ["pattern"] = Pattern };
}
