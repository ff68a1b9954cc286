using System.Diagnostics.Metrics;

namespace Gatehouse.Runtime;

/// <summary>
/// How long the certificates and revocation lists of a snapshot's listeners are still good, in seconds; negative when they no longer are.
/// </summary>
internal static class CertificateEnds
{
    public static IEnumerable<Measurement<double>> Of(GatewaySnapshot snapshot, DateTimeOffset now)
    {
        foreach (var listener in snapshot.Listeners)
        {
            if (listener.Certificate is { } own) yield return Left(listener, "certificate", own.TargetCertificate.NotAfter.ToUniversalTime(), now);
            if (listener.Clients is not { } clients) continue;
            var first = DateTime.MaxValue;
            foreach (var authority in clients.Authorities)
                if (authority.NotAfter.ToUniversalTime() is var end && end < first) first = end;
            yield return Left(listener, "authority", first, now);
            if (clients.FirstStale() is { } stale) yield return Left(listener, "list", stale.UtcDateTime, now);
        }
    }

    private static Measurement<double> Left(CompiledListener listener, string what, DateTime end, DateTimeOffset now) =>
        new((end - now.UtcDateTime).TotalSeconds, new("listener", listener.Listener.Name), new("of", what));
}
