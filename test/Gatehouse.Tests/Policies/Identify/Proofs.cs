using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Consumers;
using Gatehouse.TestKit;
using Gatehouse.Tokens;

namespace Gatehouse.Tests.Policies.Identify;

/// <summary>Consumers, certificates and verified tokens as the tests of this folder need them.</summary>
internal static class Proofs
{
    public static Consumer Consumer(string name, params Authentication[] entries) => Consumer(null, name, entries);

    public static Consumer Consumer(AddressRules? addresses, string name, params Authentication[] entries) => new()
    {
        Addresses = addresses,
        Id = new ConsumerId(name),
        Kind = ConsumerKind.Application,
        Owner = "owner@example.test",
        Grants = new HashSet<Scope> { new("stock.read") },
        Authenticate = entries,
    };

    public static Authentication Entry(
        string? client = null, string? name = null, string? spki = null, ApiKeyCredential? key = null, string? from = null) =>
        new(
            key,
            from is null ? null : new Networks([IPNetwork.Parse(from)]),
            client is null ? null : new TokenBinding("customers", client),
            name is null && spki is null ? null : new CertificateBinding(name, spki));

    public static ClientCertificate Certificate(params string[] names) => new()
    {
        Names = names,
        SpkiDigest = "sha256:" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ",
        Thumbprint = "thumbprint",
        Serial = "01",
        Expires = DateTimeOffset.MaxValue,
    };

    public static VerifiedToken Token(
        string? client,
        string? subject = "anna",
        string scopes = "stock.read",
        bool bound = false,
        string issuer = "customers",
        string? role = null) => new()
        {
            Issuer = issuer,
            ClientId = client,
            Subject = subject,
            Scopes = scopes.Split(' ').Select(s => new Scope(s)).ToHashSet(),
            Actors = [],
            Claims = role is null ? TokenClaims.None : TestClaims.Of(KeyValuePair.Create<string, IReadOnlyList<string>>("roles", [role])),
            Expires = DateTimeOffset.MaxValue,
            Id = "tokenid",
            IsBoundToCertificate = bound,
        };
}
