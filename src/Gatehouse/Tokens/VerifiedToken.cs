using Gatehouse.Consumers;

namespace Gatehouse.Tokens;

/// <summary>What a good token says. Immutable, and the same object for every exchange that presents the same token while it is remembered.</summary>
internal sealed class VerifiedToken
{
    /// <summary>The issuer's name in the declaration.</summary>
    public required string Issuer { get; init; }

    /// <summary>The client that the token was issued to (<c>client_id</c> of RFC 9068 section 2.2, or <c>azp</c>); null when it names none.</summary>
    public required string? ClientId { get; init; }

    /// <summary><c>sub</c>; null when there is none. Personal where it is a person's.</summary>
    public required string? Subject { get; init; }

    /// <summary>Whether the issuer says by a claim that a program acts for itself, though its <c>sub</c> is not its client's id.</summary>
    public bool IsOfProgram { get; init; }

    /// <summary>
    /// Whether somebody is spoken for. A client that acts for itself has itself for a subject (RFC 9068 section 2.2); every other subject is a person
    /// unless the issuer says otherwise, because one that is taken for a program could do what the program may.
    /// </summary>
    public bool IsForPerson => !IsOfProgram && !string.IsNullOrEmpty(Subject) && !string.Equals(Subject, ClientId, StringComparison.Ordinal);

    /// <summary>The values of <c>scope</c> (RFC 8693 section 4.2) or <c>scp</c>.</summary>
    public required IReadOnlySet<Scope> Scopes { get; init; }

    /// <summary>The subjects of <c>act</c> (RFC 8693 section 4.1), the current actor first; empty without it.</summary>
    public required IReadOnlyList<string> Actors { get; init; }

    public required TokenClaims Claims { get; init; }

    /// <summary>The first instant at which the token is no longer good; null where its issuer was asked and does not say.</summary>
    public required DateTimeOffset? Expires { get; init; }

    /// <summary>By which the token is named in logs: the beginning of its digest, nothing of the token itself.</summary>
    public required string Id { get; init; }

    /// <summary><c>cnf</c> with <c>x5t#S256</c> (RFC 8705 section 3.1): the token is good only with this client certificate, and was.</summary>
    public required bool IsBoundToCertificate { get; init; }

    /// <summary><c>cnf</c> with <c>x5t#S256</c>; null without it.</summary>
    public string? CertificateThumbprint { get; init; }

    /// <summary><c>cnf</c> with <c>jkt</c> (RFC 9449 section 6.1): the thumbprint of the key that each request proves; null without it.</summary>
    public string? KeyThumbprint { get; init; }

    /// <summary><c>jti</c>; null without one.</summary>
    public string? TokenId { get; init; }

    /// <summary>What was made of the token last, so that it need not be made for each exchange: replaced as a whole, never changed.</summary>
    public object? Resolved { get; set; }
}
