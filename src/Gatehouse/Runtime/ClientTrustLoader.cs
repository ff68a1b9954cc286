using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.Certificates;
using Gatehouse.Configuration;
using Gatehouse.Routes;

namespace Gatehouse.Runtime;

/// <summary>
/// Makes what client certificates are judged by from the files that a declaration names. That these are good was checked when it was read, and they
/// are read once, so that nothing can fail here that was not a finding.
/// </summary>
internal static class ClientTrustLoader
{
    public static TrustedClients Load(ClientAuthorities declared, SourceFiles files)
    {
        var authorities = new List<AuthorityFile>();
        foreach (var path in declared.Files)
        {
            if (!files.TryRead(path, out var bytes, out _)) continue;
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(Encoding.UTF8.GetString(bytes));
            authorities.Add(new AuthorityFile(SourceFiles.Plain(path), certificates));
        }

        var lists = new List<RevocationList>();
        foreach (var path in declared.ListFiles)
            if (files.TryRead(path, out var bytes, out _) && RevocationList.Read(bytes, out _) is { } list) lists.Add(list);
        return new TrustedClients(declared, authorities, lists);
    }
}
