using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Routes;

namespace Gatehouse.Declaration.Checks;

/// <summary>What a listener serves fits where it listens, and what it speaks fits whether it is encrypted.</summary>
internal static class ListenerInterlock
{
    public static void Check(Draft draft)
    {
        foreach (var written in draft.Listeners)
        {
            if (written.Value is not { } listener) continue;
            CheckServes(written, listener, draft.Findings);
            CheckReach(written, listener, draft.Findings);
            CheckCleartext(written, listener, draft.Findings);
        }
    }

    private static void CheckServes(Drafted<Listener> written, Listener listener, Findings findings)
    {
        foreach (var exposure in new[] { Exposure.Partner, Exposure.Administrative })
        {
            if (!listener.Serves.Contains(exposure) || listener.Serves.Count == 1) continue;
            var word = DecisionShapes.Word(exposure);
            findings.Add(Rules.Interlock, written.Text.PlaceOf(ListenerSection.Serves),
                $"listener {written.Name} serves {word} together with others", $"give {word} a listener of its own");
        }
    }

    private static void CheckReach(Drafted<Listener> written, Listener listener, Findings findings)
    {
        if (!listener.Serves.Contains(Exposure.Internal) && !listener.Serves.Contains(Exposure.Administrative)) return;
        if (IPAddress.IsLoopback(listener.Address.Address) || written.Text.Has(ListenerSection.Networks)) return;
        var word = DecisionShapes.Word(listener.Serves.Contains(Exposure.Administrative) ? Exposure.Administrative : Exposure.Internal);
        findings.Add(Rules.Interlock, written.Text.PlaceOf(ListenerSection.Serves),
            $"listener {written.Name} serves {word} on {listener.Address}, which every network can reach",
                "networks: [10.0.0.0/8], with the networks that may connect; or listen on loopback");
    }

    private static void CheckCleartext(Drafted<Listener> written, Listener listener, Findings findings)
    {
        if (written.Text.Has(ListenerSection.Tls)) return;
        if (!IPAddress.IsLoopback(listener.Address.Address))
            findings.Add(Rules.CleartextListener, written.Text.PlaceOf(ListenerSection.Address),
                $"listener {written.Name} speaks cleartext on {listener.Address}, which is not loopback", "tls: { certificate: FILE, key: FILE }");
        if (listener.Protocols == (Protocols.Http1 | Protocols.Http2))
            findings.Add(Rules.Contradiction, written.Text.PlaceOf(ListenerSection.Speaks),
                $"listener {written.Name} cannot tell http1 from http2 without tls", "protocols: [http1], or a second listener for http2");
    }
}
