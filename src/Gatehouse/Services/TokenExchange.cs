using System.Security.Cryptography;
using Gatehouse.Configuration;

namespace Gatehouse.Services;

/// <summary>Where the token comes from that an upstream wants instead of the caller's: a token endpoint of RFC 8693.</summary>
/// <param name="Upstream">The upstream's name in the declaration: its destinations get the token, nobody else.</param>
/// <param name="ClientId">Who the gateway is at the endpoint.</param>
/// <param name="Audience">Whom the token has to be for.</param>
/// <param name="Scopes">What it may be good for, at most.</param>
/// <param name="ClientWhenNone">Whether a caller without a token gets one of the gateway's own (RFC 6749 section 4.4), or is refused.</param>
internal sealed record TokenExchange(
    string Upstream, ServiceEndpoint Endpoint, string ClientId, Secret Secret, string Audience, IReadOnlyList<string> Scopes, bool ClientWhenNone)
{
    /// <summary>What has to be the same for connections and remembered tokens to be kept over a reload.</summary>
    public string Identity =>
        $"{Upstream} {Endpoint.Identity} {ClientId} {Convert.ToHexString(SHA256.HashData(Secret.Bytes))} {Audience} {string.Join('+', Scopes)}";
}
