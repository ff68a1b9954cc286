namespace Gatehouse.Tokens;

/// <summary>Gets an issuer's key set from where the declaration says that it is, directly or by the issuer's discovery document.</summary>
internal sealed class KeyFetch(Issuer issuer, TimeProvider clock) : IDisposable
{
    private readonly IssuerSite _site = new(issuer.Authorities, clock);

    /// <summary>Where discovery asks (OpenID Connect Discovery 1.0 section 4).</summary>
    public static Uri DiscoveryOf(string issuer) => new(issuer.TrimEnd('/') + "/.well-known/openid-configuration");

    public async Task<SiteAnswer> GetAsync()
    {
        if (issuer.Keys!.Jwks is { } address) return await _site.GetAsync(address);
        var document = await _site.GetAsync(DiscoveryOf(issuer.Identifier));
        if (document.Body is null) return document;
        return AddressIn(document.Body, out var fault) is { } found ? await _site.GetAsync(found) : SiteAnswer.Fail(fault);
    }

    public void Dispose() => _site.Dispose();

    /// <summary>
    /// The address of the keys, if the document is the issuer's own and does not lead elsewhere: whoever could change it could otherwise send the
    /// gateway to any server that it can reach.
    /// </summary>
    private Uri? AddressIn(byte[] body, out string fault)
    {
        fault = "its discovery document is not JSON";
        using var document = TokenText.Parse(body);
        if (document is null) return null;
        fault = "its discovery document is of another issuer";
        if (SigningKey.TextOf(document.RootElement, "issuer") != issuer.Identifier) return null;
        fault = "its discovery document has no address of keys";
        if (!Uri.TryCreate(SigningKey.TextOf(document.RootElement, "jwks_uri"), UriKind.Absolute, out var address)) return null;
        fault = "its discovery document leads to another host";
        var home = new Uri(issuer.Identifier);
        var isListed = false;
        foreach (var host in issuer.Keys!.Hosts) isListed |= string.Equals(host, address.Host, StringComparison.OrdinalIgnoreCase);
        if (!isListed && !string.Equals(home.Host, address.Host, StringComparison.OrdinalIgnoreCase)) return null;
        fault = "its discovery document leads to cleartext";
        return address.Scheme == "https" || (address.Scheme == "http" && home.Scheme == "http" && address.IsLoopback) ? address : null;
    }
}
