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
    public static readonly Key<IReadOnlyList<Located<string>>> ClientAuthorities = new(
        "clientAuthorities",
        Shapes.List(new LocatedShape<string>(DecisionShapes.File()), 1, 20),
        "PEM files with the authorities of client certificates: a certificate of theirs is then required. The system's roots never count.");
    public static readonly Key<RevocationText> Revocation = new(
        "revocation", RevocationSection.Shape, "Where it is said which client certificates are revoked.");

    public static readonly Key<TimeSpan> Hsts = new(
        "hsts",
        Shapes.Duration(TimeSpan.Zero, TimeSpan.FromDays(730)),
        $"For how long browsers are told to come by TLS only (Strict-Transport-Security, RFC 6797); {Units.Write(TlsFiles.UsualHsts)} where nothing is written, 0s tells them nothing.");

    public static readonly Section<TlsText> Shape = new("tls", [Certificate, PrivateKey, ClientAuthorities, Revocation, Hsts], text =>
    {
        var (certificate, key) = (text.Find(Certificate), text.Find(PrivateKey));
        var (authorities, revocation) = (text.Find(ClientAuthorities), text.Get(Revocation));
        if (text.Has(Revocation) && !text.Has(ClientAuthorities))
            text.Complain(Rules.Contradiction, Revocation, "tls has 'revocation', but asks for no client certificates", "clientAuthorities: [FILE]");
        if (text.Has(ClientAuthorities) && authorities is null) return null; // read as if it were not there, anybody could come
        return certificate is null || key is null ? null : new TlsText(certificate.Value, key.Value, text.Place)
        {
            Authorities = authorities?.Value ?? [],
            AuthoritiesPlace = text.PlaceOf(ClientAuthorities),
            Revocation = revocation,
            Hsts = text.Get(Hsts, TlsFiles.UsualHsts),
        };
    });

    /// <summary>The files' paths, when a certificate with its key can be made from them.</summary>
    public static TlsFiles? Read(TlsText text, NamedFiles files)
    {
        var certificate = files.Read(text.Certificate, "certificate");
        var key = files.Read(text.PrivateKey, "private key", secret: true);
        var clients = text.Authorities.Count > 0 ? ClientsSection.Read(text, files) : null;
        if (certificate is null || key is null) return null;
        try
        {
            using var pair = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(certificate.Bytes), Encoding.UTF8.GetString(key.Bytes));
            SayWhenItEnds(pair, "the certificate", text.Certificate.Place, files);
            return new TlsFiles(certificate.Path, key.Path, text.Place) { Clients = clients, Hsts = text.Hsts };
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            files.Findings.Add(Rules.UnusableFile, text.Certificate.Place,
                $"'{Show.Bounded(text.Certificate.Value)}' and '{Show.Bounded(text.PrivateKey.Value)}' are not a certificate and its private key in PEM");
            return null;
        }
    }

    /// <summary>Warns of what ends within thirty days.</summary>
    /// <param name="what">As in "the certificate".</param>
    internal static void SayWhenItEnds(X509Certificate2 certificate, string what, Place place, NamedFiles files)
    {
        var end = new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        if (end < files.Now.AddDays(30))
            files.Findings.Add(Rules.CleartextListener.Lesser(), place,
                $"{what} {(end <= files.Now ? "has expired" : "expires")} on {DateOnly.FromDateTime(end.UtcDateTime):yyyy-MM-dd}", "replace it");
    }
}

internal sealed record TlsText(Located<string> Certificate, Located<string> PrivateKey, Place Place)
{
    public IReadOnlyList<Located<string>> Authorities { get; init; } = [];

    public Place AuthoritiesPlace { get; init; } = Place;

    public RevocationText? Revocation { get; init; }

    public TimeSpan Hsts { get; init; } = TlsFiles.UsualHsts;
}
