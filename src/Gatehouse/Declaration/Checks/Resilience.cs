using System.Globalization;
using Gatehouse.Configuration;
using Gatehouse.Declaration.Sections;
using Gatehouse.Upstreams;

namespace Gatehouse.Declaration.Checks;

/// <summary>How an upstream is balanced, watched and spared does not contradict itself, nor the routes that use it.</summary>
internal static class Resilience
{
    /// <param name="users">The routes of the upstream.</param>
    public static void Check(Drafted<Upstream> upstream, IEnumerable<RouteDraft> users, Findings findings)
    {
        CheckHash(upstream, users, findings);
        if (upstream.Value is not { } read) return;
        var text = upstream.Text;
        if (read.Weights.All(w => w == 0))
            text.Complain(Rules.Contradiction, UpstreamSection.Destinations, $"no destination of upstream {read.Name} has a weight, so that none is ever chosen");
        if (text.Has(UpstreamSection.Ejection) && read.Ejection.Most.HundredthsOfPercent > 0
            && Math.Floor(read.Ejection.Most.Fraction * read.Destinations.Count) < 1)
            text.Complain(Rules.Contradiction.Lesser(), UpstreamSection.Ejection,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{read.Ejection.Most} of {read.Destinations.Count} {(read.Destinations.Count == 1 ? "destination" : "destinations")} is none: nothing is ever ejected"),
                "more destinations, or a larger 'most'");
        if (read.Breaker?.Slow is { } slow && slow >= read.Timeouts.Head)
            text.Complain(Rules.Contradiction.Lesser(), UpstreamSection.Breaker,
                $"'slow' ({Units.Write(slow)}) is not shorter than the timeout 'head' ({Units.Write(read.Timeouts.Head)}), so that it says nothing",
                "let 'slow' be shorter than 'head'");
    }

    private static void CheckHash(Drafted<Upstream> upstream, IEnumerable<RouteDraft> users, Findings findings)
    {
        var text = upstream.Text;
        var hashes = text.Get(UpstreamSection.Balance, Balance.PowerOfTwoChoices) == Balance.Hash;
        if (hashes && !text.Has(UpstreamSection.Hash))
            findings.Add(Rules.MissingKey, text.PlaceOf(UpstreamSection.Balance), "balance: hash needs 'hash'", $"hash: {UpstreamSection.Hash.Doc}");
        if (!hashes && text.Has(UpstreamSection.Hash))
            text.Complain(Rules.Contradiction, UpstreamSection.Hash, "'hash' says nothing without balance: hash", "balance: hash");
        if (upstream.Value is not { Hash.By: HashBy.Consumer }) return;
        var routes = users.ToList();
        if (routes.Count > 0 && routes.All(r => r.Access is { Anonymous: not null, Consumers.Count: 0 }))
            text.Complain(Rules.Contradiction.Lesser(), UpstreamSection.Hash,
                $"no route of upstream {upstream.Name} knows who calls, so that a hash by consumer tells nobody apart", "by: address, header or cookie");
    }
}
