using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Certificates;
using Gatehouse.Consumers;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;

namespace Gatehouse.Hosting;

/// <summary>
/// Has the client certificates of one listener judged: in the handshake, and again for each exchange once something has changed since (another
/// declaration, another list, the end of a certificate or of a list). In between, an exchange costs three comparisons.
/// </summary>
internal sealed class ClientAdmission(string listener, EventWriter events, GatehouseMeter meter, TimeProvider clock)
{
    private int _toldSoftened;

    /// <summary>Makes a handshake ask for a certificate, and end without one that is good.</summary>
    public void Ask(SslServerAuthenticationOptions options, ClientTrust trust, AcceptedConnection connection)
    {
        options.ClientCertificateRequired = true;
        options.AllowTlsResume = false; // a resumed session brings no certificate that could be looked at again
        options.CertificateChainPolicy = trust.Policy(clock.GetUtcNow());
        options.RemoteCertificateValidationCallback = (_, certificate, chain, _) => Admit(connection, trust, certificate, chain);
    }

    /// <summary>The connection's certificate if it is good now; otherwise null, and the fault says why.</summary>
    public ClientCertificate? Of(AcceptedConnection connection, ClientTrust trust, DateTimeOffset now, out string? fault)
    {
        var standing = connection.Standing;
        if (standing is null || !standing.Holds(trust, now))
        {
            lock (connection) standing = Renew(connection, trust, now);
        }

        fault = standing?.Verdict.Fault;
        return standing?.Verdict.Certificate;
    }

    private Standing? Renew(AcceptedConnection connection, ClientTrust trust, DateTimeOffset now)
    {
        if (connection.Presented is not { } presented) return null;
        if (connection.Standing is { } other && other.Holds(trust, now)) return other; // another exchange of the connection was faster
        var generation = trust.Generation;
        TrustVerdict verdict;
        try
        {
            verdict = trust.Judge(presented, now);
        }
        catch (CryptographicException)
        {
            verdict = TrustVerdict.Refuse("the certificate cannot be judged");
        }

        Tell(verdict);
        return connection.Standing = new Standing(trust, generation, verdict);
    }

    private bool Admit(AcceptedConnection connection, ClientTrust trust, X509Certificate? certificate, X509Chain? chain)
    {
        if (certificate is null || chain is null)
        {
            connection.HandshakeFault = "the client has no certificate";
            return false;
        }

        try
        {
            var now = clock.GetUtcNow();
            var generation = trust.Generation;
            connection.Presented = Keep(certificate, chain);
            var verdict = trust.Judge(chain, now);
            connection.Standing = new Standing(trust, generation, verdict);
            connection.HandshakeFault = verdict.Fault;
            Tell(verdict);
            if (verdict.Certificate is { } good) Count(good, now);
            return verdict.Certificate is not null;
        }
        catch (CryptographicException)
        {
            connection.HandshakeFault = "the certificate cannot be read";
            return false;
        }
    }

    private static PresentedCertificate Keep(X509Certificate certificate, X509Chain chain)
    {
        var leaf = certificate as X509Certificate2 ?? X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        var others = new List<byte[]>();
        for (var i = 1; i < chain.ChainElements.Count - 1; i++) others.Add(chain.ChainElements[i].Certificate.RawData);
        return new PresentedCertificate(leaf.RawData, others)
        {
            Serial = CertificateFacts.SerialOf(leaf),
            SpkiDigest = CertificateFacts.SpkiDigestOf(leaf),
        };
    }

    private void Tell(TrustVerdict verdict)
    {
        if (!verdict.Softened)
        {
            if (verdict.Certificate is not null) Volatile.Write(ref _toldSoftened, 0);
            return;
        }

        meter.SoftenedCertificates(listener).Add();
        if (Interlocked.Exchange(ref _toldSoftened, 1) == 0)
            events.Write($"listener '{listener}' takes client certificates without a current revocation list, as its 'whenStale' allows for a while; "
                + "further ones are only counted, in gatehouse.certificates.unchecked");
    }

    /// <summary>Partners whose certificates end soon are counted, so that somebody can tell them in time.</summary>
    private void Count(ClientCertificate certificate, DateTimeOffset now)
    {
        var left = certificate.Expires - now;
        if (left > TimeSpan.FromDays(30)) return;
        meter.EndingCertificates(listener, left > TimeSpan.FromDays(7) ? "30d" : left > TimeSpan.FromDays(1) ? "7d" : "1d").Add();
    }
}

/// <summary>The last verdict on a connection's certificate, and what it was founded on.</summary>
internal sealed record Standing(ClientTrust Trust, long Generation, TrustVerdict Verdict)
{
    public bool Holds(ClientTrust trust, DateTimeOffset now) =>
        ReferenceEquals(Trust, trust) && Generation == trust.Generation && now < Verdict.GoodUntil;
}
