using Gatehouse.Audit;

namespace Gatehouse.TestKit;

/// <summary>A store of a trail whose disk can fail, hang, or say that it failed after it has written.</summary>
internal sealed class FaultyStore(AuditStore store) : AuditStore
{
    private readonly object _gate = new();
    private bool _hangs;
    private long _bytes;

    /// <summary>What a commit throws before it is carried out; null for nothing.</summary>
    public Exception? Failure { get; set; }

    /// <summary>What the next commit throws after it was carried out.</summary>
    public Exception? FailureAfter { get; set; }

    /// <summary>What opening throws.</summary>
    public Exception? FailureToOpen { get; set; }

    public int Commits { get; private set; }

    /// <summary>Bytes of the largest transaction.</summary>
    public long MostBytes { get; private set; }

    /// <summary>Happens when a commit has been carried out, before it fails.</summary>
    public Action? Committed { get; set; }

    /// <summary>Commits that hang now.</summary>
    public int Hanging { get; private set; }

    public override string Name => store.Name;

    public override string Why(Exception e) => store.Why(e);

    public void Hang()
    {
        lock (_gate) _hangs = true;
    }

    public void GoOn()
    {
        lock (_gate)
        {
            _hangs = false;
            Monitor.PulseAll(_gate);
        }
    }

    public override AuditChain Open(string gateway, string instance) => FailureToOpen is { } e ? throw e : store.Open(gateway, instance);

    public override AuditStore? Beside() => store.Beside();

    public override IReadOnlyList<(AuditChain Chain, long Last)> OpenForOthers() => FailureToOpen is { } e ? throw e : store.OpenForOthers();

    public override bool TryTake(AuditChain chain) => store.TryTake(chain);

    public override StoredCheckpoint? LastCheckpoint() => store.LastCheckpoint();

    public override IEnumerable<StoredRecord> Read(long from) => store.Read(from);

    public override IEnumerable<StoredRecord> Read(AuditChain chain, long from) => store.Read(chain, from);

    public override IReadOnlyList<string> Unknown() => store.Unknown();

    public override void Begin()
    {
        _bytes = 0;
        store.Begin();
    }

    public override void Append(in RecordRow row)
    {
        MostBytes = Math.Max(MostBytes, _bytes += row.Line.Length + row.Personal.Length);
        store.Append(row);
    }

    public override void Append(StoredCheckpoint checkpoint) => store.Append(checkpoint);

    public override void AddUnknown(string requestId, long sequence) => store.AddUnknown(requestId, sequence);

    public override void RemoveUnknown(string requestId) => store.RemoveUnknown(requestId);

    public override int SetAside(long from) => store.SetAside(from);

    public override long? FirstWithContent(AuditChain chain, long from, long end) => store.FirstWithContent(chain, from, end);

    public override bool Reaches(AuditChain chain, long sequence) => store.Reaches(chain, sequence);

    public override long LastOver(AuditChain chain, long first, long end, DateTimeOffset before) => store.LastOver(chain, first, end, before);

    public override long? LastUnder(AuditChain chain, long first, long last) => store.LastUnder(chain, first, last);

    public override int TakeOut(AuditChain chain, long first, long last) => store.TakeOut(chain, first, last);

    public override void Erase(AuditChain chain, long sequence, byte[]? left) => store.Erase(chain, sequence, left);

    public override bool Scrub() => store.Scrub();

    public override void Commit()
    {
        lock (_gate)
        {
            while (_hangs)
            {
                Hanging++;
                Monitor.Wait(_gate, Patience.Limit);
                Hanging--;
            }
        }

        if (Failure is { } e) throw e;
        store.Commit();
        Commits++;
        Committed?.Invoke();
        if (FailureAfter is not { } after) return;
        FailureAfter = null;
        throw after;
    }

    public override void Close() => store.Close();
}
