using System.Buffers.Text;
using Gatehouse.Configuration;
using Gatehouse.Consumers;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>token</c>: whose token proves the consumer.</summary>
internal static class TokenSection
{
    private static readonly Key<string> Issuer = new("issuer", DecisionShapes.Reference(), "The issuer of the token, by name.") { Required = true };

    private static readonly Key<string> ClientId =
        new("clientId", Shapes.Text(200), "The client that the token was issued to, as its 'client_id' or 'azp' says it, character by character.")
        {
            Required = true,
        };

    public static readonly Shape<TokenBinding> Shape = new Section<TokenBinding>("a token", [Issuer, ClientId], text =>
    {
        var (issuer, client) = (text.Get(Issuer), text.Find(ClientId));
        if (issuer is null || client is null) return null;
        if (client.Value.Value.Contains('*', StringComparison.Ordinal))
            text.Findings.Add(Rules.Wildcard, client.Value.Place, $"'{client.Value.Value}' stands for clients that nobody has thought of",
                "name each client");
        return new TokenBinding(issuer, client.Value.Value);
    });
}

/// <summary><c>certificate</c>: by which exact name or key a client certificate is known.</summary>
internal static class CertificateSection
{
    private const string Digest = "sha256:";
    private const int EncodedDigest = 43; // of 32 bytes in base64url

    private static readonly Key<string> San = new("san", new NameShape(),
        "One subject alternative name of the certificate, exactly: dns:freight.acme.example or uri:spiffe://acme.example/freight.");

    private static readonly Key<string> Spki = new("spki", Shapes.Parsed<string>(
            "'sha256:' and the SHA-256 digest of the certificate's public key info in base64url, 43 characters",
            "^sha256:[A-Za-z0-9_-]{43}$",
            (ScalarNode node, out string value) => IsDigest(value = node.Text)),
        "The SHA-256 digest of the certificate's public key info in base64url, after 'sha256:'.");

    private static readonly Key<string> Authority = new("authority", DecisionShapes.File(),
        "The file of 'clientAuthorities' that has to vouch for the name: needed where listeners pin more than one.");

    public static readonly Shape<CertificateBinding> Shape = new Section<CertificateBinding>("a certificate", [San, Spki, Authority], Read);

    private static CertificateBinding? Read(SectionReader text)
    {
        var (name, digest, authority) = (text.Get(San), text.Get(Spki), text.Find(Authority));
        if (text.Has(San) && text.Has(Spki))
            text.Complain(Rules.Contradiction, Spki, "a certificate is known by its 'san' or by its 'spki', not by both", "keep one of them");
        else if (!text.Has(San) && !text.Has(Spki))
            text.Findings.Add(Rules.MissingKey, text.Place, "a certificate needs 'san' or 'spki'", "san: \"dns:freight.acme.example\"");
        else if (text.Has(Authority) && text.Has(Spki))
            text.Complain(
                Rules.Contradiction, Authority, "a certificate that is known by its key needs nobody to vouch for a name", "leave 'authority' out");
        else if (text.Has(Authority) && authority is null)
            return null; // any authority would do without it
        else if (name is not null || digest is not null)
            return new CertificateBinding(
                name, digest, authority is { } file ? SourceFiles.Plain(SourceFiles.Beside(file.Place.File, file.Value)) : null);
        return null;
    }

    private static bool IsDigest(string text)
    {
        if (!text.StartsWith(Digest, StringComparison.Ordinal) || text.Length != Digest.Length + EncodedDigest) return false;
        Span<byte> bytes = stackalloc byte[32];
        var encoded = text.AsSpan(Digest.Length);
        return Base64Url.IsValid(encoded) && Base64Url.TryDecodeFromChars(encoded, bytes, out var written) && written == bytes.Length
            && encoded.SequenceEqual(Base64Url.EncodeToString(bytes)); // only the one canonical text of it
    }

    /// <summary>A name that is compared as it is. What others take for a name too, a common name or a wildcard, is refused for what it is.</summary>
    private sealed class NameShape : Shape<string>
    {
        private static readonly Shape<string> Text = Shapes.Text(300);
        private static readonly Shape<string> Host = Shapes.Host();

        public override bool TryRead(Node node, Findings findings, out string value)
        {
            if (!Text.TryRead(node, findings, out value)) return false;
            if (value.Contains('*', StringComparison.Ordinal))
                findings.Add(Rules.CertificateName, node.Place, $"'{Show.Bounded(value)}' fits certificates that nobody has thought of",
                    "one name, exactly");
            else if (value.StartsWith("dns:", StringComparison.Ordinal))
                return Host.TryRead(new ScalarNode(node.Place, value[4..], Quoted: true), findings, out _);
            else if (value.StartsWith("uri:", StringComparison.Ordinal) && Uri.TryCreate(value[4..], UriKind.Absolute, out _))
                return true;
            else
                findings.Add(Rules.CertificateName, node.Place, $"'{Show.Bounded(value)}' is not a name that a certificate is known by",
                    "'dns:' or 'uri:' and one of its subject alternative names; common names prove nobody");
            return false;
        }

        public override System.Text.Json.Nodes.JsonObject ToSchema(SchemaWriter schema) => new()
        {
            ["type"] = "string",
            ["pattern"] = "^(dns:[a-z0-9.-]{1,253}|uri:[A-Za-z][A-Za-z0-9+.-]*:[^*]{1,290})$",
        };
    }
}
