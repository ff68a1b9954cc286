using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Declaration;
using Gatehouse.Runtime;

namespace Gatehouse.Tests.Tidy;

/// <summary>The reference page of the declaration: every section and key, made from the schema, which is made from the shapes that read.</summary>
public sealed class DeclarationPageTests
{
    private const string First = "a-declaration";

    private static readonly Dictionary<string, string> Words = new()
    {
        ["^[a-z][a-z0-9-]{0,63}$"] = "a name (lower-case letters, digits, hyphens)",
        ["^[a-z][a-z0-9-]{0,63}(/[a-z][a-z0-9-]{0,63})?$"] = "a route: `get-order`, or `orders/get-order` of another api",
        ["^([a-zA-Z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\]):[0-9]{1,5}$"] = "host and port: `10.0.4.1:6379`",
        ["^[A-Za-z0-9][A-Za-z0-9./-]{0,99}$"] = "letters, digits, dots, slashes and hyphens: `shop/production`",
        ["^[0-9]{1,9}(ms|s|m|h|d)$"] = "a time: `500ms`, `30s`, `5m`, `1h`, `1d`",
        ["^[0-9]{1,9}(B|KiB|MiB|GiB)$"] = "a size: `64KiB`, `1MiB`",
        ["^/[A-Za-z0-9._~!$&'()*+,;=:@/?%-]{0,400}$"] = "a path, with a query if need be: `/healthz`",
        ["^[1-5][0-9]{2}(-[1-5][0-9]{2})?$"] = "a status, or a range of them: `200-299`",
        ["^[0-9]{4}-[0-9]{2}-[0-9]{2}$"] = "a day: `2027-06-30`",
        ["^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$"] = "a day or an instant: `2027-06-30T18:00:00Z`",
        ["^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$"] = "a network or an address: `10.0.0.0/8`",
        ["^([0-9.]{7,15}|\\[[0-9A-Fa-f:.]{2,45}\\]):[0-9]{1,5}$"] = "an address with a port: `127.0.0.1:8080`",
        ["^(token|path|query|response)\\.[A-Za-z_][A-Za-z0-9_.:/-]{0,63}$"] = "a claim of the token, a name of the path, a parameter of the query or a member of a JSON answer, as in `token.sub`",
        ["^(file:.+|env:[A-Za-z_][A-Za-z0-9_]*)$"] = "a reference to a secret: `file:keys/pepper`, `env:PEPPER`",
        ["^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"] = "the name of a header field",
        ["^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$"] = "the name of a header field",
        ["^[0-9A-Za-z-]{1,100}$"] = "the name of a header field",
        ["^[A-Za-z0-9!#$%&'+.^_`|~-]{1,100}$"] = "the name of a header field",
        ["^[A-Z-]{1,32}$"] = "a method: `GET`",
        ["^(\\*|https?://([a-z0-9.-]{1,253}|\\[[0-9a-f:.]{2,45}\\])(:[0-9]{1,5})?)$"] = "an origin: `https://shop.example`, or `*`",
        ["^https?://([a-zA-Z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\])(:[0-9]{1,5})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,400})?$"] =
            "an address: `https://pdp.in.example/access/v1/evaluation`",
        ["^[!-~]([ -~]{0,998}[!-~])?$"] = "the value of a header field",
        ["^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$"] = "a scope: `orders.read`",
        ["^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){0,20}|\\[[0-9a-f:.]{2,45}\\])$"] =
            "a host in lower case, or an address, without a port",
        ["^https?://([a-zA-Z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\])(:[0-9]{1,5})?/?$"] = "scheme, host and port: `https://10.0.3.1:5101`",
        ["^https?://[A-Za-z0-9\\[][A-Za-z0-9._~:/?#\\[\\]!$&'()*+,;=%-]{0,490}$"] = "an address: `https://docs.retailer.example/stock`",
        ["^(/[A-Za-z0-9._~!$&'()*+,=:@-]+){1,20}$"] = "the beginning of a path: `/v1`",
        ["^(/[A-Za-z0-9._~!$&'()*,=:@%-]+)+$"] = "the beginning of a path: `/v1`",
        ["^(/[A-Za-z0-9._~-]+){1,10}$"] = "a path of plain segments: `/.well-known/gatehouse/keys`",
        ["^[a-z0-9]{4,16}$"] = "the public part of a key: `k7f3abcd`",
        ["^hmac-sha256:[A-Za-z0-9_-]{43}$"] = "a keyed hash, as `gatehouse key create` prints it",
        ["^[A-Za-z0-9_.:/-]{1,100}$"] = "the name of a claim: `appid`",
        ["^.{1,100}$"] = "text, at most 100 characters",
        ["^sha256:[A-Za-z0-9_-]{43}$"] = "`sha256:` and a digest in base64url",
        ["^(dns:[a-z0-9.-]{1,253}|uri:[A-Za-z][A-Za-z0-9+.-]*:[^*]{1,290})$"] = "`dns:` or `uri:` and one name, exactly",
        ["^[0-9]{1,3}(\\.[0-9]{1,2})?%$"] = "a share: `5%`, `0.25%`",
        ["^[A-Za-z][A-Za-z0-9-]{0,63}$"] = "the name of a header field",
        ["^[A-Za-z0-9_.-]{1,100}$"] = "the name of a cookie",
        ["^GH[0-9]{4}$"] = "a rule: `GH1003`",
        ["^[A-Z][A-Z-]{0,31} +/[^ +]*$"] = "a method and a path: `GET /orders/{orderId}`",
    };

    [Fact]
    public void Declaration_page_lists_every_section_and_key()
    {
        var sections = DeclarationSchema.Document(PolicyCatalog.AfterRoute)["$defs"]!.AsObject();
        var page = new StringBuilder(
            """
            # The declaration

            Every section of a declaration and every key that it may have. Made from the schema that `gatehouse schema` prints. What must be
            decided together, and what does not go together, is in [findings](findings.md).

            """);
        foreach (var name in InOrder(sections)) Describe(page, name, sections[name]!.AsObject());
        ReferencePage.Compare("declaration.md", page.ToString());
    }

    /// <summary>The sections from the outermost inwards.</summary>
    private static List<string> InOrder(JsonObject sections)
    {
        var order = new List<string> { First };
        for (var at = 0; at < order.Count; at++)
            foreach (var next in Named(sections[order[at]]!))
                if (!order.Contains(next)) order.Add(next);
        Assert.Equal(sections.Count, order.Count);
        return order;
    }

    private static IEnumerable<string> Named(JsonNode node) => node switch
    {
        JsonObject o when o["$ref"] is { } to => [SectionOf(to)],
        JsonObject o => o.Where(p => p.Value is not null).SelectMany(p => Named(p.Value!)),
        JsonArray a => a.Where(v => v is not null).SelectMany(v => Named(v!)),
        _ => [],
    };

    private static void Describe(StringBuilder page, string name, JsonObject section)
    {
        page.Append("\n## ").Append(TitleOf(name)).Append("\n\n| key | value | means |\n|---|---|---|\n");
        var required = section["required"]?.AsArray().Select(k => (string)k!).ToHashSet() ?? [];
        foreach (var (key, value) in section["properties"]!.AsObject())
        {
            page.Append("| `").Append(key).Append('`').Append(required.Contains(key) ? " (always)" : "").Append(" | ")
                .Append(ValueOf(value!.AsObject()).Replace("|", "\\|", StringComparison.Ordinal)).Append(" | ")
                .Append(((string?)value["description"])?.Replace("|", "\\|", StringComparison.Ordinal)).Append(" |\n");
        }
    }

    private static string ValueOf(JsonObject value)
    {
        if (value["$ref"] is { } to) return $"[{TitleOf(SectionOf(to))}](#{AnchorOf(SectionOf(to))})";
        if (value["anyOf"] is JsonArray several) return string.Join(", or ", several.Select(v => ValueOf(v!.AsObject())));
        if (value["enum"] is JsonArray words) return string.Join(", ", words.Select(w => $"`{w}`"));
        if (value["const"] is { } only) return $"`{only}`";
        return (string?)value["type"] switch
        {
            "array" => "a list: " + ValueOf(value["items"]!.AsObject()),
            "object" => "by name: " + ValueOf(value["additionalProperties"]!.AsObject()),
            "boolean" => "`true` or `false`",
            "integer" => $"a whole number from {value["minimum"]} to {value["maximum"]}",
            "string" => TextOf(value),
            var other => throw new InvalidOperationException($"the page cannot say what {other ?? value.ToJsonString()} is"),
        };
    }

    private static string TextOf(JsonObject value)
    {
        if ((string?)value["pattern"] is { } pattern)
            return Words.TryGetValue(pattern, out var words) ? words : throw new InvalidOperationException($"the page has no words for '{pattern}'");
        return value["maxLength"] is { } most ? $"text, at most {most} characters" : "text";
    }

    private static string SectionOf(JsonNode reference) => ((string)reference!)["#/$defs/".Length..];

    private static string TitleOf(string name) => name.Replace('-', ' ');

    private static string AnchorOf(string name) => name.ToLowerInvariant().Replace("'", "", StringComparison.Ordinal);
}
