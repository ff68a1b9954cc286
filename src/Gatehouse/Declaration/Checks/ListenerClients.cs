using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>How a listener knows who its clients are: their certificates, and whose word about their addresses is taken.</summary>
internal static class ListenerClients
{
    public static void Check(Draft draft)
    {
        foreach (var written in draft.Listeners)
        {
            if (written.Value is not { } listener) continue;
            CheckPartners(written, listener, draft.Findings);
            CheckProxies(written, listener, draft.Findings);
        }
    }

    /// <summary>On loopback a proxy of the same machine may have asked for the certificate.</summary>
    private static void CheckPartners(Drafted<Listener> written, Listener listener, Findings findings)
    {
        if (!listener.Serves.Contains(Exposure.Partner) || listener.Tls is not { Clients: null } || IPAddress.IsLoopback(listener.Address.Address))
            return;
        findings.Add(Rules.ClientCertificates.Lesser(), written.Text.PlaceOf(ListenerSection.Tls),
            $"listener {written.Name} serves partner to whoever connects, without a client certificate",
            "clientAuthorities: [FILE], with the authorities of the partners' certificates");
    }

    private static void CheckProxies(Drafted<Listener> written, Listener listener, Findings findings)
    {
        if (listener.ProxyProtocol && !written.Text.Has(ListenerSection.Proxies))
            findings.Add(Rules.TrustedProxy, written.Text.PlaceOf(ListenerSection.ProxyProtocol),
                $"listener {written.Name} would take anybody's word about the client's address", "proxies: { networks: [10.0.0.7], hops: 1 }");
        foreach (var proxy in listener.Proxies?.Networks.All ?? [])
        {
            foreach (var client in listener.Addresses?.Allow?.All ?? [])
            {
                if (!proxy.Contains(client.BaseAddress) || proxy.PrefixLength > client.PrefixLength) continue;
                findings.Add(Rules.ProxyRange, written.Text.PlaceOf(ListenerSection.Proxies),
                    $"listener {written.Name} allows clients from {client}, all of which count as proxies ({proxy})", "name the proxies' own addresses");
            }
        }
    }
}
