using System.Security.Cryptography.X509Certificates;

namespace Gatehouse.Certificates;

/// <summary>
/// Says in constant words what the platform found wrong with a chain (RFC 5280 section 6). Whatever it found, nothing is overlooked.
/// </summary>
internal static class ChainFaults
{
    /// <summary>What is said of a chain with several faults: the first of these.</summary>
    private static readonly (X509ChainStatusFlags Flags, string Fault)[] Words =
    [
        (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.ExplicitDistrust,
            "no pinned authority vouches for it"),
        (X509ChainStatusFlags.NotSignatureValid | X509ChainStatusFlags.HasWeakSignature, "a signature in the chain is wrong or weak"),
        (X509ChainStatusFlags.NotTimeValid | X509ChainStatusFlags.NotTimeNested, "a certificate of the chain is not valid now"),
        (X509ChainStatusFlags.NotValidForUsage | X509ChainStatusFlags.CtlNotValidForUsage, "it is not meant for clients"),
        (X509ChainStatusFlags.InvalidNameConstraints | X509ChainStatusFlags.HasNotPermittedNameConstraint
            | X509ChainStatusFlags.HasExcludedNameConstraint | X509ChainStatusFlags.HasNotDefinedNameConstraint
            | X509ChainStatusFlags.HasNotSupportedNameConstraint, "its authority may not vouch for its names"),
        (X509ChainStatusFlags.InvalidBasicConstraints, "a certificate of the chain may not vouch for others"),
        (X509ChainStatusFlags.HasNotSupportedCriticalExtension | X509ChainStatusFlags.InvalidExtension,
            "a certificate of the chain says something critical that is not known"),
    ];

    /// <summary>Null when there is none.</summary>
    public static string? Of(X509Chain chain)
    {
        var all = X509ChainStatusFlags.NoError;
        foreach (var status in chain.ChainStatus) all |= status.Status;
        foreach (var element in chain.ChainElements)
            foreach (var status in element.ChainElementStatus) all |= status.Status;
        if (all == X509ChainStatusFlags.NoError) return null;
        foreach (var (flags, fault) in Words)
            if ((all & flags) != 0) return fault;
        return "its chain is not valid";
    }
}

/// <summary>What the certificate itself has to be, beyond its chain: one for a client, and no authority.</summary>
internal static class LeafFaults
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>Null when there is none.</summary>
    public static string? Of(X509Certificate2 leaf)
    {
        var forClients = false;
        foreach (var extension in leaf.Extensions)
        {
            switch (extension)
            {
                case X509BasicConstraintsExtension { CertificateAuthority: true }:
                    return "it is an authority's certificate";
                case X509KeyUsageExtension usage when usage.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign):
                    return "it is an authority's certificate";
                case X509KeyUsageExtension usage when !usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature):
                    return "it is not meant for clients"; // RFC 5280 section 4.2.1.12: clientAuth goes with digitalSignature
                case X509EnhancedKeyUsageExtension purposes:
                    foreach (var purpose in purposes.EnhancedKeyUsages) forClients |= purpose.Value == ClientAuthentication;
                    break;
            }
        }

        return forClients ? null : "it is not meant for clients";
    }
}
