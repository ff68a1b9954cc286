using Gatehouse.Consumers;
using Gatehouse.Tokens;

namespace Gatehouse.Policies.Identify;

/// <summary>
/// Whose a token or a certificate is in one declaration. Kept with the credential, so that one that comes again costs no search and no memory;
/// what was found for another declaration is never used.
/// </summary>
/// <param name="several">Whether more than one consumer would have it: then it is nobody's.</param>
internal sealed class Resolution(ConsumerDirectory directory, Consumer? consumer, bool several)
{
    public Consumer? Consumer => consumer;

    public bool Several => several;

    /// <summary>The caller that was made last with this credential.</summary>
    public MadeCaller? Last { get; set; }

    public static Resolution Of(VerifiedToken token, ConsumerDirectory directory)
    {
        if (token.Resolved is Resolution known && known.IsFor(directory)) return known;
        var holder = token.ClientId is { } client ? directory.FindByToken(new TokenBinding(token.Issuer, client)) : null;
        var found = new Resolution(directory, holder, several: false);
        token.Resolved = found;
        return found;
    }

    public static Resolution Of(ClientCertificate certificate, ConsumerDirectory directory)
    {
        if (certificate.Resolved is Resolution known && known.IsFor(directory)) return known;
        var holder = directory.FindByCertificate(certificate, out var several);
        var found = new Resolution(directory, holder, several);
        certificate.Resolved = found;
        return found;
    }

    private bool IsFor(ConsumerDirectory other) => ReferenceEquals(directory, other);
}

/// <summary>A caller with what it was made from: the entry, the key that came along, and the certificate where the entry names one.</summary>
internal sealed record MadeCaller(Authentication Entry, ApiKeyHolder? Key, string? Certificate, Caller Caller)
{
    /// <param name="certificate">That very one: another of the same key ends at another time.</param>
    public bool IsFrom(Authentication entry, ApiKeyHolder? key, ClientCertificate? certificate) =>
        ReferenceEquals(Entry, entry) && ReferenceEquals(Key, key) && string.Equals(Certificate, certificate?.Thumbprint, StringComparison.Ordinal);
}
