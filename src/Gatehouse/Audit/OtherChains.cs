using Gatehouse.Configuration;
using Gatehouse.Telemetry;

namespace Gatehouse.Audit;

/// <summary>
/// Chains of a store that nobody goes on with: an instance is gone and no other has taken its place, or the gateway has another name now. Where
/// intents are open in one, it is gone on with as by a start of its own, for as long as it takes to say what nobody will ever know. What is never
/// done is to write a chain without its lock, or one that does not verify.
/// </summary>
/// <param name="isShared">Whether others have the store open too.</param>
internal sealed class OtherChains(AuditTrailOptions options, EventWriter events, TimeProvider clock, bool isShared)
{
    /// <summary>
    /// For how long a chain has to be found free and as it was. An instance that has lost its connection is without a lock until it has another,
    /// and tries twice a second.
    /// </summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Chains of a shared store that are read in one look. A file has few, and is looked at once.</summary>
    private const int AtOnce = 16;

    private readonly Dictionary<string, long> _settled = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Last, long Since)> _free = new(StringComparer.Ordinal);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private long _after;
    private bool _isLost;

    /// <summary>Looks at the chains that have grown since they were looked at last. It never throws.</summary>
    /// <param name="store">It is closed, and is so afterwards.</param>
    /// <param name="own">The instance that looks: its own chain is its own affair, also while it has lost its lock.</param>
    public OtherChainsLook Look(AuditStore store, string own, CancellationToken cancel)
    {
        try
        {
            var look = LookAt(store, store.OpenForOthers(), own, cancel);
            _isLost = false;
            return look;
        }
        catch (Exception e)
        {
            // of a file its writer tells the same at once
            if (isShared && !_isLost)
                events.Write($"chains of instances that are gone could not be looked at in {store.Name} ({Why(store, e)}); it is tried again each minute");
            _isLost = true;
            return OtherChainsLook.Failed;
        }
        finally
        {
            store.Close();
        }
    }

    private OtherChainsLook LookAt(AuditStore store, IReadOnlyList<(AuditChain Chain, long Last)> chains, string own, CancellationToken cancel)
    {
        var (read, isWaiting) = (0, false);
        // those behind the last one that was read come first, so that each has its turn
        foreach (var (chain, last) in chains.OrderBy(c => c.Chain.Id <= _after))
        {
            if (cancel.IsCancellationRequested) break;
            if (chain.Instance == own || (_settled.TryGetValue(chain.Origin, out var at) && at == last)) continue;
            if (isShared && read == AtOnce) return OtherChainsLook.More;
            if (!store.TryTake(chain))
            {
                _free.Remove(chain.Origin);
                continue;
            }

            read++;
            _after = chain.Id;
            if (!TrySettle(store, chain, last, own, cancel, out var isLater)) return OtherChainsLook.Done;
            isWaiting |= isLater;
        }

        return isWaiting ? OtherChainsLook.More : OtherChainsLook.Done;
    }

    /// <param name="isLater">Whether it has to be looked at again soon.</param>
    /// <returns>Whether the store can be used on.</returns>
    private bool TrySettle(AuditStore store, AuditChain chain, long last, string own, CancellationToken cancel, out bool isLater)
    {
        isLater = false;
        try
        {
            if (HasOpen(store, chain, cancel))
            {
                isLater = !HasWaited(chain, last);
                if (!isLater) GoOn(store, chain, own);
            }
            else if (!cancel.IsCancellationRequested)
            {
                _settled[chain.Origin] = last;
                _free.Remove(chain.Origin);
            }

            return true;
        }
        catch (InvalidDataException e)
        {
            _settled[chain.Origin] = last;
            Tell(store, chain, e, "and it is left as it is; see 'gatehouse audit verify'");
            return true;
        }
        catch (Exception e)
        {
            Tell(store, chain, e, "and it is tried again");
            return false;
        }
    }

    /// <summary>Whether anything seems to be open: what the records say, before anybody has looked whether they hold.</summary>
    private static bool HasOpen(AuditStore store, AuditChain chain, CancellationToken cancel)
    {
        var state = new ChainState(chain);
        foreach (var stored in store.Read(store.LastCheckpoint()?.OpenFrom ?? 1))
        {
            if (cancel.IsCancellationRequested) return false;
            if (RecordReader.Read(stored)?.Record is { } record) state.Follow(record.Kind, record.RequestId, record.Intent, stored.Sequence);
        }

        return state.Open.Count > 0;
    }

    private bool HasWaited(AuditChain chain, long last)
    {
        if (!isShared) return true;
        if (_free.TryGetValue(chain.Origin, out var free) && free.Last == last) return clock.GetElapsedTime(free.Since) >= Grace;
        _free[chain.Origin] = (last, clock.GetTimestamp());
        return false;
    }

    private void GoOn(AuditStore store, AuditChain chain, string own)
    {
        var theirs = options with { Instance = chain.Instance };
        var opened = ChainOpening.Read(store, chain, theirs);
        // another gateway may have a key of its own, and could not go on with what is signed with this one
        if (isShared && opened.State.Signed == 0 && !chain.Origin.StartsWith(options.Gateway + "/", StringComparison.Ordinal))
            theirs = theirs with { Key = null };
        var writer = new ChainWriter(store, opened.State, theirs, clock);
        var note = new ChainBeginning(store, writer, theirs, clock).Write(opened, isStart: true, events, by: own);
        writer.Ship();
        _free.Remove(chain.Origin);
        if (note is null || options.Copies is not { } folder) return;
        using var copies = new CheckpointCopies(folder, chain.Origin, events);
        copies.Add(note);
    }

    private void Tell(AuditStore store, AuditChain chain, Exception e, string then)
    {
        if (!_told.Add(chain.Origin)) return;
        events.Write(
            $"exchanges of '{chain.Instance}', which is gone, have no end in {store.Name}, and its chain cannot be gone on with ({Why(store, e)}), {then}");
    }

    private static string Why(AuditStore store, Exception e) => Show.Bounded(store.Why(e));
}

/// <summary>How a look at other chains ended.</summary>
internal enum OtherChainsLook
{
    /// <summary>Nothing is left to do but to look again in a while.</summary>
    Done,

    /// <summary>It has to be gone on with soon.</summary>
    More,

    /// <summary>The store could not be looked at.</summary>
    Failed,
}
