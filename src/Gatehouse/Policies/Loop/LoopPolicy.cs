using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Pipeline;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Policies.Loop;

/// <summary>
/// Refuses what this gateway has forwarded before, and prepares what backends are told of the way here (<c>Via</c>, RFC 9110 section 7.6.3).
/// </summary>
/// <param name="gateway">What all instances of this gateway have in common, and no other gateway has.</param>
internal sealed class LoopPolicy(string gateway) : Policy
{
    private const string Mark = "gh-";
    private const int MostGateways = 8;
    private const int PseudonymLength = 13;
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");
    private static readonly Verdict Refused = Verdict.Reject(Problems.LoopDetected, "the request has passed this gateway before");
    private static readonly Verdict TooMany = Verdict.Reject(Problems.LoopDetected, "the request has passed too many gateways");
    private readonly string _http1 = "1.1 " + PseudonymOf(gateway);
    private readonly string _http2 = "2.0 " + PseudonymOf(gateway);

    public override string Name => LoopKind.KindName;

    /// <summary>The name that a gateway gives itself towards backends: it tells nothing of hosts or software.</summary>
    public static string PseudonymOf(string gateway) =>
        Mark + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(gateway)))[..(PseudonymLength - Mark.Length)];

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        exchange.Via = exchange.IsHttp1 ? _http1 : _http2;
        var received = exchange.RequestHeaders.Via;
        return new(received.Count == 0 || exchange.HeadFault is not null ? Verdict.Continue : Follow(exchange, received));
    }

    private Verdict Follow(Exchange exchange, StringValues received)
    {
        var passed = new StringBuilder();
        var gateways = 0;
        var own = _http1.AsSpan(4);
        foreach (var value in received)
        {
            var text = value.AsSpan();
            foreach (var range in text.Split(','))
            {
                var entry = text[range].Trim(" \t");
                var pseudonym = PseudonymIn(entry);
                if (pseudonym.IsEmpty) continue;
                if (pseudonym.SequenceEqual(own)) return Refused;
                if (++gateways == MostGateways) return TooMany;
                passed.Append("1.1 ").Append(pseudonym).Append(", ");
            }
        }

        if (gateways > 0) exchange.Via = passed.Append(exchange.Via).ToString();
        return Verdict.Continue;
    }

    /// <summary>The pseudonym of a gateway like this one (<c>1.1 gh-0123456789</c>), or nothing.</summary>
    private static ReadOnlySpan<char> PseudonymIn(ReadOnlySpan<char> entry)
    {
        var blank = entry.IndexOfAny(" \t");
        if (blank < 0) return default;
        var by = entry[blank..].TrimStart(" \t");
        if (by.Length < PseudonymLength || !by.StartsWith(Mark, StringComparison.Ordinal)) return default;
        if (by.Length > PseudonymLength && by[PseudonymLength] is not (' ' or '\t' or '(')) return default;
        by = by[..PseudonymLength];
        return by[Mark.Length..].ContainsAnyExcept(Digits) ? default : by;
    }
}
