using System.Text.Json.Nodes;
using Gatehouse.Configuration;

namespace Gatehouse.Policies.Cors;

/// <summary>
/// An origin exactly as browsers write it (RFC 6454 section 6.2): scheme, host in lower case, and the port where it is not the scheme's own. What
/// is declared is, letter by letter, what is compared: never a pattern.
/// </summary>
internal sealed class OriginShape : Shape<string>
{
    private const string Pattern = "^(\\*|https?://([a-z0-9.-]{1,253}|\\[[0-9a-f:.]{2,45}\\])(:[0-9]{1,5})?)$";

    public override bool TryRead(Node node, Findings findings, out string value)
    {
        value = node is ScalarNode { IsNothing: false } scalar ? scalar.Text : "";
        if (value == CorsSpec.Everybody) return true;
        if (value == "null" || node is ScalarNode { Text: "null" })
        {
            findings.Add(Rules.CrossOrigin, node.Place, "'null' is the origin of every page that hides its own",
                "name the site: https://shop.example");
            return false;
        }

        if (!Uri.TryCreate(value, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || Serialize(uri) != value)
        {
            var written = value.Length > 0 ? $"'{Show.Bounded(value)}'" : node.Describe();
            findings.Add(Rules.WrongType, node.Place, $"{written} is not an origin",
                "scheme, host in lower case, and the port where it is not the usual one: https://shop.example; no path, no pattern");
            return false;
        }

        if (uri.Scheme == "http" && !uri.IsLoopback)
            findings.Add(Rules.CrossOrigin.Lesser(), node.Place, $"whoever is on the way can put scripts into pages of {value}", "https");
        return true;
    }

    public override JsonObject ToSchema(SchemaWriter schema) => new() { ["type"] = "string", ["pattern"] = Pattern };

    private static string Serialize(Uri uri) =>
        uri.UserInfo.Length > 0 || uri.IdnHost.Length == 0 || uri.IdnHost.Contains('*', StringComparison.Ordinal) ? ""
        : string.Concat(uri.Scheme, "://", uri.HostNameType == UriHostNameType.IPv6 ? uri.Host : uri.IdnHost,
            uri.IsDefaultPort ? "" : $":{uri.Port}");
}
