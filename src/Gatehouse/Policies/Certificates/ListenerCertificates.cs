using Gatehouse.Pipeline;
using Gatehouse.Routes;

namespace Gatehouse.Policies.Certificates;

/// <summary>Listeners that ask for client certificates have it.</summary>
internal sealed class ListenerCertificatesKind() : ListenerPolicyKind(KindName)
{
    public const string KindName = "certificates";

    public override Policy? Compile(Listener listener, CompileContext context) =>
        listener.Tls?.Clients is null ? null : new ListenerCertificatesPolicy();
}

/// <summary>Refuses exchanges of connections without a certificate that is good now.</summary>
internal sealed class ListenerCertificatesPolicy : Policy
{
    public override string Name => ListenerCertificatesKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange) =>
        new(exchange.Certificate is not null
            ? Verdict.Continue
            : Verdict.Reject(Problems.CertificateRefused, exchange.CertificateFault ?? "the connection has no client certificate"));
}
