using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Upstreams;

namespace Gatehouse.Declaration.Sections;

/// <summary>The keys of an upstream that say what TLS has to prove, in both directions. None of them makes it prove less.</summary>
internal static class UpstreamTlsSection
{
    private const string PinPrefix = "sha256:";

    public static readonly Key<string> Certificate = new("certificate", DecisionShapes.File(),
        "A PEM file: the gateway's own certificate for destinations that ask for one, then the ones that lead to its authority. Needs 'key'.");

    public static readonly Key<string> PrivateKey = new("key", DecisionShapes.File(),
        "A PEM file: the private key of 'certificate', readable by its owner only.");

    public static readonly Key<IReadOnlyList<byte[]>> Pins = new("pins", Shapes.List(Pin(), 1, 20),
        "Public keys of which a destination has to have one, on top of everything else: sha256: and the digest of the public key info in base64url.");

    public static readonly Key<string> ServerName = new("serverName", Shapes.Host(),
        "The name that destinations' certificates are for, where it is not the host of their address; it is asked for in SNI and Host too.");

    public static IReadOnlyList<Key> Keys { get; } = [Certificate, PrivateKey, Pins, ServerName];

    public static UpstreamTls Read(SectionReader text, NamedFiles files)
    {
        var (certificate, key) = (text.Find(Certificate), text.Find(PrivateKey));
        if (text.Has(Certificate) != text.Has(PrivateKey))
            files.Findings.Add(Rules.MissingKey, text.PlaceOf(text.Has(Certificate) ? Certificate : PrivateKey),
                text.Has(Certificate) ? "a certificate proves nothing without its 'key'" : "a key proves nothing without its 'certificate'");
        var own = certificate is { } c && key is { } k ? ReadCertificate(c, k, files) : null;
        return new UpstreamTls(own, text.Get(Pins) ?? [], text.Get(ServerName));
    }

    private static UpstreamCertificate? ReadCertificate(Located<string> certificate, Located<string> key, NamedFiles files)
    {
        var (chain, secret) = (files.Read(certificate, "certificate"), files.Read(key, "private key", secret: true));
        if (chain is null || secret is null) return null;
        try
        {
            using var pair = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(chain.Bytes), Encoding.UTF8.GetString(secret.Bytes));
            var end = new DateTimeOffset(pair.NotAfter.ToUniversalTime(), TimeSpan.Zero);
            if (end < files.Now.AddDays(30))
                files.Findings.Add(Rules.CleartextUpstream.Lesser(), certificate.Place,
                    $"the certificate {(end <= files.Now ? "has expired" : "expires")} on {DateOnly.FromDateTime(end.UtcDateTime):yyyy-MM-dd}",
                    "replace it");
            return new UpstreamCertificate(chain.Bytes, secret.Bytes);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            files.Findings.Add(Rules.UnusableFile, certificate.Place,
                $"'{Show.Bounded(certificate.Value)}' and '{Show.Bounded(key.Value)}' are not a certificate and its private key in PEM");
            return null;
        }
    }

    private static Shape<byte[]> Pin() => Shapes.Parsed<byte[]>("a pin: sha256: and 43 characters of base64url",
        "^sha256:[A-Za-z0-9_-]{43}$",
        (ScalarNode node, out byte[] value) =>
        {
            value = [];
            if (!node.Text.StartsWith(PinPrefix, StringComparison.Ordinal) || node.Text.Length != PinPrefix.Length + 43) return false;
            var digits = node.Text.AsSpan(PinPrefix.Length);
            if (digits.ContainsAny('=', ' ') || !Base64Url.IsValid(digits, out _)) return false;
            value = Base64Url.DecodeFromChars(digits);
            return value.Length == SHA256.HashSizeInBytes;
        });
}
