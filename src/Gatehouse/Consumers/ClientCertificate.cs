namespace Gatehouse.Consumers;

/// <summary>What is taken from a client certificate once its chain, dates, purpose and revocation were found good.</summary>
internal sealed record ClientCertificate
{
    /// <summary>The subject alternative names (RFC 5280 section 4.2.1.6) that can name a consumer: <c>dns:</c> or <c>uri:</c> and the name as it is
    /// written.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>SHA-256 of the subject's public key info: <c>sha256:</c> and base64url.</summary>
    public required string SpkiDigest { get; init; }

    /// <summary>SHA-256 of the certificate in base64url: <c>x5t#S256</c> of RFC 8705 section 3.1.</summary>
    public required string Thumbprint { get; init; }

    /// <summary>The serial number, in hexadecimal digits.</summary>
    public required string Serial { get; init; }

    /// <summary>The files of <c>clientAuthorities</c> whose certificates are in its chain.</summary>
    public IReadOnlyList<string> Authorities { get; init; } = [];

    public required DateTimeOffset Expires { get; init; }

    /// <summary>What was made of the certificate last, so that it need not be made for each exchange: replaced as a whole, never changed.</summary>
    public object? Resolved { get; set; }
}
