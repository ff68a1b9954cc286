using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary><c>tls</c> of a listener: the files of its certificate chain and private key.</summary>
internal static class TlsSection
{
    public static readonly Key<string> Certificate =
        new("certificate", DecisionShapes.File(), "A PEM file: the listener's certificate, then the ones that lead to its authority.")
        {
            Required = true,
        };
    public static readonly Key<string> PrivateKey =
        new("key", DecisionShapes.File(), "A PEM file: the certificate's private key, readable by its owner only.")
        {
            Required = true,
        };
    public static readonly Key<string> ClientAuthorities =
        new("clientAuthorities", DecisionShapes.StillToCome(), "The authorities of client certificates.")
        {
            NotYet = "client certificates come with mutual TLS",
        };

    public static readonly Shape<TlsText> Shape = new Section<TlsText>("tls", [Certificate, PrivateKey, ClientAuthorities],
        text => text.Find(Certificate) is { } certificate && text.Find(PrivateKey) is { } key ? new TlsText(certificate, key, text.Place) : null);

    /// <summary>The files' paths, when a certificate with its key can be made from them.</summary>
    public static TlsFiles? Read(TlsText text, NamedFiles files)
    {
        var certificate = files.Read(text.Certificate, "certificate");
        var key = files.Read(text.PrivateKey, "private key", secret: true);
        if (certificate is null || key is null) return null;
        try
        {
            using var pair = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(certificate.Bytes), Encoding.UTF8.GetString(key.Bytes));
            SayWhenItEnds(pair, text, files);
            return new TlsFiles(certificate.Path, key.Path, text.Place);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            files.Findings.Add(Rules.UnusableFile, text.Certificate.Place,
                $"'{Show.Bounded(text.Certificate.Value)}' and '{Show.Bounded(text.PrivateKey.Value)}' are not a certificate and its private key in PEM");
            return null;
        }
    }

    private static void SayWhenItEnds(X509Certificate2 certificate, TlsText text, NamedFiles files)
    {
        var end = new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        if (end < files.Now.AddDays(30))
            files.Findings.Add(Rules.CleartextListener.Lesser(), text.Certificate.Place,
                $"the certificate {(end <= files.Now ? "has expired" : "expires")} on {DateOnly.FromDateTime(end.UtcDateTime):yyyy-MM-dd}",
                    "replace it");
    }
}

internal sealed record TlsText(Located<string> Certificate, Located<string> PrivateKey, Place Place);
