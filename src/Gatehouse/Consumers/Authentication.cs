using Gatehouse.Configuration;

namespace Gatehouse.Consumers;

/// <summary>One way to prove who is calling. Everything that is named has to hold, and nothing else may be presented.</summary>
/// <param name="ApiKey">The API key that has to be presented, or null.</param>
/// <param name="Token">Whose token has to be presented, or null.</param>
/// <param name="Certificate">What the client certificate has to say, or null.</param>
/// <param name="Addresses">The networks the caller has to come from, or null for any. Addresses alone never authenticate.</param>
internal sealed record Authentication(
    ApiKeyCredential? ApiKey, Networks? Addresses, TokenBinding? Token = null, CertificateBinding? Certificate = null);

/// <param name="Issuer">The issuer's name in the declaration.</param>
/// <param name="ClientId">The client that the token was issued to, compared character by character.</param>
internal sealed record TokenBinding(string Issuer, string ClientId);

/// <summary>How a consumer's client certificate is known: by one exact name or by its public key.</summary>
/// <param name="Name"><c>dns:</c> or <c>uri:</c> and a subject alternative name, or null.</param>
/// <param name="SpkiDigest"><c>sha256:</c> and the digest of the public key info, or null.</param>
internal sealed record CertificateBinding(string? Name, string? SpkiDigest);
