using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gatehouse.Configuration;

namespace Gatehouse.Declaration.Sections;

/// <summary>A PEM file with the authorities that a service is trusted by.</summary>
internal static class AuthoritiesFile
{
    /// <summary>The file's bytes, when there is at least one certificate in it; otherwise null, and a finding says why.</summary>
    public static byte[]? Read(Located<string> path, NamedFiles files)
    {
        if (files.Read(path, "file of authorities") is not { } file) return null;
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(Encoding.UTF8.GetString(file.Bytes));
            foreach (var authority in authorities) authority.Dispose();
            if (authorities.Count > 0) return file.Bytes;
        }
        catch (CryptographicException)
        {
            // said below, as for a file without any certificate
        }

        files.Findings.Add(Rules.UnusableFile, path.Place, $"'{Show.Bounded(path.Value)}' holds no certificates in PEM");
        return null;
    }
}
