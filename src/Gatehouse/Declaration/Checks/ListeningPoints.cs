using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;

namespace Gatehouse.Declaration.Checks;

/// <summary>Every address is listened on once, and the gateway's own administration only on loopback.</summary>
internal static class ListeningPoints
{
    public static void Check(Draft draft)
    {
        if (draft.Root.Administration is { } administration && !IPAddress.IsLoopback(administration.Address.Address))
            draft.Findings.Add(
                Rules.Administration, administration.Place, $"administration listens on {administration.Address}, which others can reach",
                $"address: \"127.0.0.1:{administration.Address.Port}\"");

        var all = Of(draft);
        for (var i = 0; i < all.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (!Collide(all[i].Address, all[j].Address)) continue;
                draft.Findings.Add(
                    Rules.SameAddress, all[i].Place, $"{all[i].What} listens on {all[i].Address}, where {all[j].What} listens already");
                break;
            }
        }
    }

    /// <summary>Every address that the gateway itself listens on, in the order written.</summary>
    public static List<(string What, IPEndPoint Address, Place Place)> Of(Draft draft)
    {
        var all = new List<(string What, IPEndPoint Address, Place Place)>();
        foreach (var listener in draft.Listeners)
            if (listener.Value is { } value) all.Add(($"listener {listener.Name}", value.Address, listener.Text.PlaceOf(ListenerSection.Address)));
        if (draft.Root.Administration is { } administration) all.Add(("administration", administration.Address, administration.Place));
        if (draft.Root.Health is { } health) all.Add(("health", health.Address, health.Place));
        return all;
    }

    /// <summary>Whether only one of the two can listen: the same port, and the same address or one that stands for all.</summary>
    private static bool Collide(IPEndPoint a, IPEndPoint b) =>
        a.Port == b.Port && a.Port != 0 && (a.Address.Equals(b.Address) || IsAny(a.Address) || IsAny(b.Address));

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
