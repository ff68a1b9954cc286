using System.Text.Json.Nodes;

namespace Gatehouse.Configuration;

/// <summary>
/// An absolute address of the web, of characters that can stand in a header field. What may hold a password is not repeated in the finding.
/// </summary>
internal sealed class WebAddressShape : Shape<string>
{
    private static readonly Shape<string> Address = Shapes.Parsed<string>("an address such as https://docs.retailer.example/orders",
        "^https?://[A-Za-z0-9\\[][A-Za-z0-9._~:/?#\\[\\]!$&'()*+,;=%-]{0,490}$",
        (ScalarNode node, out string value) => IsWebAddress(value = node.Text));

    public override bool TryRead(Node node, Findings findings, out string value)
    {
        if (node is not ScalarNode { Text: var written } || !written.Contains('@', StringComparison.Ordinal))
            return Address.TryRead(node, findings, out value);
        value = "";
        RefuseUser(node.Place, findings);
        return false;
    }

    public override JsonObject ToSchema(SchemaWriter schema) => Address.ToSchema(schema);

    /// <summary>Whether this is an address that could have a user and a password before its host.</summary>
    public static bool MayNameUser(string text) =>
        text.Contains("://", StringComparison.Ordinal) && text.Contains('@', StringComparison.Ordinal);

    /// <summary>Complains of such an address without showing it.</summary>
    public static void RefuseUser(Place place, Findings findings) =>
        findings.Add(Rules.InlineSecret, place, "an address carries no user and no password", "an @ in its path is written %40");

    private static bool IsWebAddress(string text) =>
        text.Length <= 500 && (text.StartsWith("https://", StringComparison.Ordinal) || text.StartsWith("http://", StringComparison.Ordinal))
            && text.All(c => char.IsAsciiLetterOrDigit(c) || "._~:/?#[]!$&'()*+,;=%-".Contains(c, StringComparison.Ordinal))
            && Uri.TryCreate(text, UriKind.Absolute, out _);
}
