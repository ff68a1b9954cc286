using Gatehouse.Configuration;

namespace Gatehouse.Consumers;

/// <summary>The kinds of credentials that an exchange can present, each at most once.</summary>
[Flags]
internal enum CredentialKinds
{
    None = 0,
    ApiKey = 1,
    Token = 2,
    Certificate = 4,
}

internal static class CredentialKindsQuestions
{
    /// <summary>Whether all of these kinds are there.</summary>
    public static bool Have(this CredentialKinds kinds, CredentialKinds these) => (kinds & these) == these;
}

/// <summary>One way to prove who is calling. Everything that is named has to hold, and nothing else may be presented.</summary>
/// <param name="ApiKey">The API key that has to be presented, or null.</param>
/// <param name="Token">Whose token has to be presented, or null.</param>
/// <param name="Certificate">What the client certificate has to say, or null.</param>
/// <param name="Issued">Whether instead any API key that was issued for the consumer may be presented, and one has to be.</param>
/// <param name="Addresses">The networks the caller has to come from, or null for any. Addresses alone never authenticate.</param>
internal sealed record Authentication(
    ApiKeyCredential? ApiKey, Networks? Addresses, TokenBinding? Token = null, CertificateBinding? Certificate = null,
    bool Issued = false)
{
    /// <summary>The kinds of credentials that it names.</summary>
    public CredentialKinds Kinds { get; } =
        (ApiKey is null && !Issued ? CredentialKinds.None : CredentialKinds.ApiKey)
        | (Token is null ? CredentialKinds.None : CredentialKinds.Token)
        | (Certificate is null ? CredentialKinds.None : CredentialKinds.Certificate);

    /// <summary>The kinds in the words of the declaration, joined by plus signs.</summary>
    public string KindsText => TextOf(Kinds);

    /// <summary>Kinds in the words of the declaration: <c>apiKey</c>, <c>token+certificate</c>.</summary>
    public static string TextOf(CredentialKinds kinds) => kinds switch
    {
        CredentialKinds.None => "none",
        CredentialKinds.ApiKey => "apiKey",
        CredentialKinds.Token => "token",
        CredentialKinds.Certificate => "certificate",
        CredentialKinds.ApiKey | CredentialKinds.Token => "apiKey+token",
        CredentialKinds.ApiKey | CredentialKinds.Certificate => "apiKey+certificate",
        CredentialKinds.Token | CredentialKinds.Certificate => "token+certificate",
        _ => "apiKey+token+certificate",
    };
}

/// <param name="Issuer">The issuer's name in the declaration.</param>
/// <param name="ClientId">The client that the token was issued to, compared character by character.</param>
internal sealed record TokenBinding(string Issuer, string ClientId);

/// <summary>How a consumer's client certificate is known: by one exact name or by its public key.</summary>
/// <param name="Name"><c>dns:</c> or <c>uri:</c> and a subject alternative name, or null.</param>
/// <param name="SpkiDigest"><c>sha256:</c> and the digest of the public key info, or null.</param>
/// <param name="Authority">The file of <c>clientAuthorities</c> with a certificate that has to be in its chain; null for whichever.</param>
internal sealed record CertificateBinding(string? Name, string? SpkiDigest, string? Authority = null)
{
    /// <summary>The name or the digest: what no other consumer may have too.</summary>
    public string Proof => Name ?? SpkiDigest ?? "";

    /// <summary>Whether a certificate is the one, compared character by character: no wildcard, no part of a name, no common name.</summary>
    public bool Matches(ClientCertificate certificate)
    {
        if (Authority is not null && !Have(certificate.Authorities, Authority)) return false;
        if (SpkiDigest is not null) return string.Equals(SpkiDigest, certificate.SpkiDigest, StringComparison.Ordinal);
        return Have(certificate.Names, Name!);
    }

    private static bool Have(IReadOnlyList<string> texts, string wanted)
    {
        for (var i = 0; i < texts.Count; i++)
            if (string.Equals(texts[i], wanted, StringComparison.Ordinal)) return true;
        return false;
    }
}
