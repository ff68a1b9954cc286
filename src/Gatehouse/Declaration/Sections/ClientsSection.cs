using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.Certificates;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Sections;

/// <summary>Reads what <c>clientAuthorities</c> and <c>revocation</c> name, and complains about what nobody could be judged by.</summary>
internal static class ClientsSection
{
    /// <summary>Null when a file cannot be used, which has been said.</summary>
    public static ClientAuthorities? Read(TlsText text, NamedFiles files)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            var paths = new List<string>();
            foreach (var file in text.Authorities)
                if (ReadAuthorities(file, authorities, files) is { } path) paths.Add(path);
            if (authorities.Count > 0 && !authorities.Any(ClientTrust.IsAnchor))
                files.Findings.Add(Rules.ClientCertificates, text.AuthoritiesPlace, "none of the authorities is a root (issued by itself)",
                    "add the certificate of the root that the chain ends in");
            var clients = ReadRevocation(text, authorities, files, new ClientAuthorities(paths));
            return paths.Count == text.Authorities.Count ? clients : null;
        }
        finally
        {
            foreach (var authority in authorities) authority.Dispose();
        }
    }

    private static string? ReadAuthorities(Located<string> written, X509Certificate2Collection all, NamedFiles files)
    {
        if (files.Read(written, "file of authorities") is not { } file) return null;
        var read = new X509Certificate2Collection();
        try
        {
            read.ImportFromPem(Encoding.UTF8.GetString(file.Bytes));
        }
        catch (CryptographicException)
        {
            // said below, as for a file without any certificate
        }

        if (read.Count == 0)
            files.Findings.Add(Rules.UnusableFile, written.Place, $"'{Show.Bounded(written.Value)}' holds no certificates in PEM");
        foreach (var authority in read) CheckAuthority(authority, written, files);
        all.AddRange(read);
        return read.Count == 0 ? null : file.Path;
    }

    private static void CheckAuthority(X509Certificate2 authority, Located<string> written, NamedFiles files)
    {
        if (!authority.Extensions.OfType<X509BasicConstraintsExtension>().Any(c => c.CertificateAuthority))
            files.Findings.Add(Rules.ClientCertificates, written.Place, $"'{Show.Bounded(written.Value)}' holds a certificate that is no authority's",
                "name the certificate of the authority that issues to clients");
        else if (CertificateStrength.FaultOfKey(authority) is { } fault)
            files.Findings.Add(Rules.ClientCertificates, written.Place, $"'{Show.Bounded(written.Value)}' holds {fault}");
        TlsSection.SayWhenItEnds(authority, $"an authority in '{Show.Bounded(written.Value)}'", written.Place, files);
    }

    private static ClientAuthorities ReadRevocation(TlsText text, X509Certificate2Collection authorities, NamedFiles files, ClientAuthorities clients)
    {
        if (text.Revocation is not { } revocation)
        {
            files.Findings.Add(Rules.ClientCertificates.Lesser(), text.AuthoritiesPlace,
                "client certificates are taken without asking whether they are revoked", "revocation: { lists: [FILE or address] }");
            return clients;
        }

        var (paths, addresses) = (new List<string>(), new List<string>());
        foreach (var list in revocation.Lists)
        {
            if (RevocationSection.IsAddress(list.Value)) addresses.Add(list.Value);
            else if (files.Read(list, "revocation list") is { } file)
            {
                files.Source.Withhold(file.Path); // who was revoked since must not come back with an older list
                paths.Add(file.Path);
                CheckList(file.Bytes, list, authorities, files);
            }
        }

        if (revocation.WhenStale is { } allowance) CheckAllowance(allowance, files);
        return clients with
        {
            ListFiles = paths,
            ListAddresses = addresses,
            Refresh = revocation.Refresh,
            WhenStale = revocation.WhenStale?.Value,
        };
    }

    private static void CheckList(byte[] bytes, Located<string> written, X509Certificate2Collection authorities, NamedFiles files)
    {
        var name = Show.Bounded(written.Value);
        if (RevocationList.Read(bytes, out var fault) is not { } list)
            files.Findings.Add(Rules.UnusableFile, written.Place, $"'{name}' cannot be used: {fault}");
        else if (authorities.Count > 0 && !authorities.Any(list.IsSignedBy))
            files.Findings.Add(Rules.UnusableFile, written.Place, $"'{name}' is not signed by any of the clientAuthorities",
                "add the certificate of the authority that signs it to clientAuthorities");
        else if (list.NextUpdate <= files.Now)
            files.Findings.Add(Rules.ClientCertificates.Lesser(), written.Place,
                $"'{name}' is stale since {list.NextUpdate:yyyy-MM-dd'T'HH:mm:ss'Z'}", "replace it");
    }

    private static void CheckAllowance(Located<StaleAllowance> written, NamedFiles files)
    {
        var until = written.Value.Until;
        if (until <= files.Now)
            files.Findings.Add(Rules.WaiverHolds, written.Place,
                $"certificates without a current list were allowed until {until:yyyy-MM-dd}", "whenStale: deny, or decide again");
        else if (until > files.Now.AddYears(1))
            files.Findings.Add(
                Rules.WaiverHolds, written.Place, "what is allowed without a current list ends more than a year from now", "until: a day within a year");
        else
            files.Findings.Add(Rules.ClientCertificates.Lesser(), written.Place,
                $"until {until:yyyy-MM-dd} certificates pass for {Units.Write(written.Value.AtMost)} after their revocation list is stale");
    }
}
