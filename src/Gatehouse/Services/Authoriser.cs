using System.Security.Cryptography;
using Gatehouse.Configuration;

namespace Gatehouse.Services;

/// <summary>A service that is asked whether a call may pass: a policy decision point of the OpenID AuthZEN Authorization API 1.0.</summary>
/// <param name="Name">In the declaration.</param>
/// <param name="Credential">The bearer token that the gateway proves itself with; null for none.</param>
/// <param name="Cache">How long an answer may be used again for exactly the same question.</param>
internal sealed record Authoriser(string Name, ServiceEndpoint Endpoint, Secret? Credential, TimeSpan Cache)
{
    /// <summary>What has to be the same for connections and remembered answers to be kept over a reload.</summary>
    public string Identity =>
        $"{Name} {Endpoint.Identity} {Cache} {(Credential is null ? "none" : Convert.ToHexString(SHA256.HashData(Credential.Bytes)))}";
}
