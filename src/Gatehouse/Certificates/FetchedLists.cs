using System.Collections.Concurrent;

namespace Gatehouse.Certificates;

/// <summary>
/// The revocation lists that came from addresses, by address. They outlive snapshots, so that a reload does not forget who is revoked. A list is
/// never replaced by an older one.
/// </summary>
/// <param name="since">From when on a list that was never there is missed.</param>
internal sealed class FetchedLists(DateTimeOffset since)
{
    private readonly ConcurrentDictionary<string, RevocationList> _lists = new(StringComparer.Ordinal);
    private long _generation;

    public DateTimeOffset Since { get; } = since;

    /// <summary>Grows whenever there is another list: who has judged by an earlier one judges again.</summary>
    public long Generation => Interlocked.Read(ref _generation);

    public RevocationList? Find(string address) => _lists.GetValueOrDefault(address);

    /// <param name="list">Signed by an authority that is trusted to.</param>
    public void Take(string address, RevocationList list)
    {
        var kept = _lists.GetValueOrDefault(address);
        if (kept is not null && (kept.Digest == list.Digest || list.ThisUpdate < kept.ThisUpdate)) return;
        _lists[address] = list;
        Interlocked.Increment(ref _generation);
    }

    /// <summary>Forgets the lists of addresses that are not declared any longer.</summary>
    public void KeepOnly(IReadOnlySet<string> addresses)
    {
        foreach (var address in _lists.Keys)
            if (!addresses.Contains(address)) _lists.TryRemove(address, out _);
    }
}
