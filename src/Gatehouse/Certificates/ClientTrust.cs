using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gatehouse.Consumers;
using Gatehouse.Routes;

namespace Gatehouse.Certificates;

/// <summary>
/// Whose client certificates one listener takes: pinned authorities, and the lists of what they have revoked. The system's roots, its revocation and
/// what a certificate says where to fetch are never asked. Immutable but for what is fetched.
/// </summary>
internal sealed class ClientTrust(TrustedClients trusted, FetchedLists fetched)
{
    private const int LongestChain = 6;
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromMinutes(5);

    public ClientAuthorities Declared { get; } = trusted.Declared;

    public X509Certificate2Collection Authorities { get; } = [.. trusted.Files.SelectMany(f => f.Certificates)];

    /// <summary>Where the lists that come from addresses are kept.</summary>
    public FetchedLists Fetched { get; } = fetched;

    /// <summary>See <see cref="FetchedLists.Generation"/>.</summary>
    public long Generation => Fetched.Generation;

    public static bool IsAnchor(X509Certificate2 authority) =>
        authority.SubjectName.RawData.AsSpan().SequenceEqual(authority.IssuerName.RawData);

    /// <summary>How a chain is built at this instant. Made anew for each handshake, because what the client sends is put into it.</summary>
    public X509ChainPolicy Policy(DateTimeOffset now)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck, // the platform would ask the network; the declared lists are asked instead
            DisableCertificateDownloads = true,
            VerificationTime = now.UtcDateTime,
            ApplicationPolicy = { new Oid(ClientAuthentication) },
        };
        foreach (var authority in Authorities) (IsAnchor(authority) ? policy.CustomTrustStore : policy.ExtraStore).Add(authority);
        return policy;
    }

    /// <summary>Builds the chain of what a client has presented before, and judges it as it is now.</summary>
    public TrustVerdict Judge(PresentedCertificate presented, DateTimeOffset now)
    {
        using var chain = new X509Chain { ChainPolicy = Policy(now) };
        using var leaf = X509CertificateLoader.LoadCertificate(presented.Leaf);
        var others = new X509Certificate2Collection();
        foreach (var other in presented.Others) others.Add(X509CertificateLoader.LoadCertificate(other));
        chain.ChainPolicy.ExtraStore.AddRange(others);
        chain.Build(leaf);
        try
        {
            return Judge(chain, now);
        }
        finally
        {
            foreach (var other in others) other.Dispose();
        }
    }

    /// <summary>The verdict on a chain that was built by <see cref="Policy"/>.</summary>
    public TrustVerdict Judge(X509Chain chain, DateTimeOffset now)
    {
        var elements = chain.ChainElements;
        if (elements.Count == 0) return TrustVerdict.Refuse("the certificate cannot be read");
        if (ChainFaults.Of(chain) is { } fault) return TrustVerdict.Refuse(fault);
        if (elements.Count > LongestChain) return TrustVerdict.Refuse("the chain is too long");
        if (!IsPinned(elements[^1].Certificate)) return TrustVerdict.Refuse("no pinned authority vouches for it");
        if (LeafFaults.Of(elements[0].Certificate) is { } leafFault) return TrustVerdict.Refuse(leafFault);
        var goodUntil = DateTimeOffset.MaxValue;
        for (var i = 0; i < elements.Count; i++)
        {
            var certificate = elements[i].Certificate;
            if (CertificateStrength.FaultOfKey(certificate) is not null) return TrustVerdict.Refuse("a key in the chain is too weak");
            if (i < elements.Count - 1 && CertificateStrength.FaultOfSignature(certificate) is not null)
                return TrustVerdict.Refuse("a signature in the chain is too weak");
            goodUntil = Earlier(goodUntil, new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero));
        }

        var facts = CertificateFacts.Of(elements[0].Certificate);
        if (facts is null) return TrustVerdict.Refuse("its names are not plain text");
        return JudgeRevocation(elements, facts with { Authorities = FilesOf(elements) }, goodUntil, now);
    }

    /// <summary>The authority of this listener that has made a list, and not in the future; null for none: then it may not be kept.</summary>
    public X509Certificate2? SignerOf(RevocationList list, DateTimeOffset now)
    {
        if (list.ThisUpdate > now + ClocksDiffer) return null;
        foreach (var authority in Authorities)
            if (list.IsSignedBy(authority)) return authority;
        return null;
    }

    /// <summary>When the first of the lists that are there becomes stale; null without lists.</summary>
    public DateTimeOffset? FirstStale()
    {
        DateTimeOffset? first = null;
        foreach (var list in Lists())
            if (first is null || list.NextUpdate < first) first = list.NextUpdate;
        return first;
    }

    private TrustVerdict JudgeRevocation(X509ChainElementCollection elements, ClientCertificate facts, DateTimeOffset goodUntil, DateTimeOffset now)
    {
        var softened = false;
        for (var i = 0; Declared.ChecksRevocation && i < elements.Count - 1; i++)
        {
            var list = Newest(elements[i + 1].Certificate, now);
            if (list is not null && list.Revokes(RevocationList.SerialOf(elements[i].Certificate)))
                return TrustVerdict.Refuse("it is revoked");
            if (list is not null && list.NextUpdate > now)
            {
                goodUntil = Earlier(goodUntil, list.NextUpdate);
                continue;
            }

            if (Declared.WhenStale is not { } allowance) return TrustVerdict.Refuse("there is no current revocation list of its authority");
            var end = Earlier(allowance.Until, (list?.NextUpdate ?? Fetched.Since) + allowance.AtMost);
            if (end <= now) return TrustVerdict.Refuse("there was no current revocation list of its authority for too long");
            goodUntil = Earlier(goodUntil, end);
            softened = true;
        }

        return new TrustVerdict(facts, null, goodUntil) { Softened = softened };
    }

    /// <summary>The newest list that this authority has made, stale or not.</summary>
    private RevocationList? Newest(X509Certificate2 authority, DateTimeOffset now)
    {
        RevocationList? newest = null;
        foreach (var list in Lists())
            if (list.ThisUpdate <= now + ClocksDiffer && (newest is null || list.ThisUpdate > newest.ThisUpdate) && list.IsSignedBy(authority))
                newest = list;
        return newest;
    }

    private IEnumerable<RevocationList> Lists()
    {
        foreach (var list in trusted.Lists) yield return list;
        foreach (var address in Declared.ListAddresses)
            foreach (var list in Fetched.Find(address)) yield return list;
    }

    private bool IsPinned(X509Certificate2 certificate)
    {
        if (!IsAnchor(certificate)) return false;
        foreach (var file in trusted.Files)
            if (Holds(file, certificate)) return true;
        return false;
    }

    private static bool Holds(AuthorityFile file, X509Certificate2 certificate)
    {
        foreach (var authority in file.Certificates)
            if (authority.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span)) return true;
        return false;
    }

    /// <summary>The files with a certificate that is in the chain above the client's.</summary>
    private List<string> FilesOf(X509ChainElementCollection elements)
    {
        var files = new List<string>(1);
        foreach (var file in trusted.Files)
        {
            for (var i = 1; i < elements.Count; i++)
            {
                if (!Holds(file, elements[i].Certificate)) continue;
                files.Add(file.Path);
                break;
            }
        }

        return files;
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}

/// <summary>What the files of a declaration say about the clients of one listener.</summary>
/// <param name="Files">Self-signed authorities are trusted; the others help to reach them, and to tell who has signed a list.</param>
/// <param name="Lists">The lists that came from files.</param>
internal sealed record TrustedClients(ClientAuthorities Declared, IReadOnlyList<AuthorityFile> Files, IReadOnlyList<RevocationList> Lists);

/// <param name="Path">As <see cref="Configuration.SourceFiles.Plain"/> has it.</param>
internal sealed record AuthorityFile(string Path, X509Certificate2Collection Certificates);
