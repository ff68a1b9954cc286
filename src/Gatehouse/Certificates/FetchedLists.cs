using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;

namespace Gatehouse.Certificates;

/// <summary>
/// The revocation lists that came from addresses: of each authority that has signed one there, the newest. They outlive snapshots, so that a reload
/// does not forget who is revoked. A list is never replaced by an older one, nor by one of another authority: an address may come to serve a new
/// authority's while the old one's certificates are in use, and whoever answers over http may choose.
/// </summary>
/// <param name="since">From when on a list that was never there is missed.</param>
internal sealed class FetchedLists(DateTimeOffset since)
{
    private readonly ConcurrentDictionary<string, Signed[]> _lists = new(StringComparer.Ordinal);
    private long _generation;

    public DateTimeOffset Since { get; } = since;

    /// <summary>Grows whenever there is another list: who has judged by an earlier one judges again.</summary>
    public long Generation => Interlocked.Read(ref _generation);

    public IEnumerable<RevocationList> Find(string address) => _lists.GetValueOrDefault(address, []).Select(s => s.List);

    /// <param name="signer">Who has signed it, and is trusted to.</param>
    public void Take(string address, RevocationList list, X509Certificate2 signer)
    {
        var kept = _lists.GetValueOrDefault(address, []);
        var at = Array.FindIndex(kept, s => s.Authority.AsSpan().SequenceEqual(signer.RawDataMemory.Span));
        if (at >= 0 && (kept[at].List.Digest == list.Digest || list.ThisUpdate < kept[at].List.ThisUpdate)) return;
        _lists[address] = [.. kept.Where((_, i) => i != at), new Signed(signer.RawData, list)]; // one at a time asks an address
        Interlocked.Increment(ref _generation);
    }

    /// <summary>Forgets the lists of addresses that are not declared any longer.</summary>
    public void KeepOnly(IReadOnlySet<string> addresses)
    {
        foreach (var address in _lists.Keys)
            if (!addresses.Contains(address)) _lists.TryRemove(address, out _);
    }

    private sealed record Signed(byte[] Authority, RevocationList List);
}
