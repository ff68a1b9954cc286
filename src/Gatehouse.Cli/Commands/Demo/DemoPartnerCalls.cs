namespace Gatehouse.Cli.Commands.Demo;

/// <summary>The calls of partners: a certificate of the partners' authority and the partner's address, both.</summary>
internal static class DemoPartnerCalls
{
    private const string Group = "Partners";

    /// <summary>An address of this machine that is not the partner's.</summary>
    private const string OtherAddress = "127.0.0.2";

    public static IEnumerable<DemoCall> For(DemoDoors doors, DemoCertificates certificates)
    {
        var document = new Uri(doors.Partners, "/documents/d-17");
        var (acme, brook) = (With(certificates.Acme), With(certificates.Brook));
        var unauthenticated = new ExpectedAnswer(401) { Problem = "unauthenticated" };
        return
        [
            new(Group, "A partner fetches a document on the partners' own listener", "GET", document, new(200) { Says = ["delivery note"] })
            {
                Tls = acme,
                Logged = ["\"consumer\":\"acme-freight\"", "\"credentialKind\":\"certificate\""],
            },
            Handshake("Without a certificate the connection ends (curl has its own words for it), with a line in the log", null,
                "the client has no certificate"),
            Handshake("So it does with the partner's name on a certificate of another authority", certificates.Impostor,
                "no pinned authority vouches for it"),
            Handshake("With one that has ended", certificates.AcmeEnded, "a certificate of the chain is not valid now"),
            Handshake("With one that was lost, and is on the authority's list", certificates.AcmeRevoked, "it is revoked"),
            new(Group, "A company of the right authority that no consumer is", "GET", document, unauthenticated)
            {
                Tls = With(certificates.Other),
                Logged = ["\"reason\":\"certificate: of no consumer\""],
            },
            new(Group, "Another partner, who fetches labels and nothing else", "GET", document, new(403) { Problem = "forbidden" })
            {
                Tls = brook,
                Logged = ["\"consumer\":\"brook-couriers\""],
            },
            new(Group, "The label, for which that partner is here", "GET", new Uri(doors.Partners, "/labels/p-4"), new(200) { Says = ["label"] })
            {
                Tls = brook,
            },
            .. OtherAddresses(document, acme, unauthenticated),
            new(Group, "The partners' documents at the edge: nothing is there", "GET", new Uri(doors.Edge, "/documents/d-17"),
                new(404) { Problem = "not-found" }),
        ];

        DemoTls With(DemoCertificate? own) => new(certificates.ServerAuthority, own);

        DemoCall Handshake(string shows, DemoCertificate? own, string reason) =>
            new(Group, shows, "GET", document, ExpectedAnswer.HandshakeRefused) { Tls = With(own), Logged = [$"\"reason\":\"{reason}\""] };
    }

    /// <summary>macOS has only one loopback address.</summary>
    private static IEnumerable<DemoCall> OtherAddresses(Uri document, DemoTls acme, ExpectedAnswer unauthenticated) =>
        OperatingSystem.IsMacOS() ? [] :
    [
        new(Group, "The partner's certificate, from an address that is not the partner's", "GET", document, unauthenticated)
        {
            Tls = acme,
            From = OtherAddress,
            Logged = ["\"reason\":\"from an address that the consumer's entry does not name\"", $"\"client\":\"{OtherAddress}\""],
        },
    ];
}
