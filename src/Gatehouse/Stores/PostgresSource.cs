using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Npgsql;

namespace Gatehouse.Stores;

/// <summary>
/// Opens the database that instances share: the one place that says how it is spoken to. Whoever uses it catches <see cref="NpgsqlException"/> and
/// shows nothing of its text, which may name hosts and users.
/// </summary>
internal static class PostgresSource
{
    /// <param name="connections">The most connections at once, which are kept for the next who asks; 0 where each is opened anew.</param>
    public static NpgsqlDataSource Open(PostgresSettings settings, int connections = 4)
    {
        var builder = new NpgsqlSlimDataSourceBuilder();
        var text = builder.ConnectionStringBuilder;
        (text.Host, text.Port, text.Database, text.Username, text.Password) =
            (settings.Host, settings.Port, settings.Database, settings.User, settings.Password);
        text.SslMode = settings.Tls ? SslMode.VerifyFull : SslMode.Disable;
        text.ApplicationName = "gatehouse";
        text.Timeout = text.CommandTimeout = Math.Max(1, (int)Math.Ceiling(settings.Timeout.TotalSeconds));
        text.CancellationTimeout = 1000; // milliseconds: a server that hangs is left
        if (connections == 0) text.Pooling = false;
        else text.MaxPoolSize = connections;
        text.PersistSecurityInfo = false;
        text.IncludeErrorDetail = false;
        if (!settings.Tls) return builder.Build();
        builder.EnableTransportSecurity();
        builder.UseSslClientAuthenticationOptionsCallback(options => Verify(options, settings.Authorities));
        return builder.Build();
    }

    /// <summary>The server's certificate is verified: chain and name always, by the authorities that are named or by the system's.</summary>
    private static void Verify(SslClientAuthenticationOptions options, byte[]? authorities)
    {
        options.EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        if (authorities is null) return;
        options.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        options.CertificateChainPolicy.CustomTrustStore.ImportFromPem(Encoding.ASCII.GetString(authorities));
    }
}
