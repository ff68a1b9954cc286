using Gatehouse.Configuration;
using Gatehouse.Telemetry;

namespace Gatehouse.Ledger;

/// <summary>
/// Keeps what was spent of quotas, and remembers what was said of those that are kept elsewhere. Questions are answered by a thread of its own, in
/// batches; what is answered is on disk. While the file cannot be written every question is answered with nothing at once, and the file is tried
/// again twice a second.
/// </summary>
internal sealed class QuotaLedger : IQuotaStore, IDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastBatch = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly string _path;
    private readonly EventWriter _events;
    private readonly Thread _thread;
    private List<Order> _orders = [];
    private List<Order> _batch = [];
    private QuotaFile? _file;
    private bool _failing;
    private bool _stopping;
    private bool _ended;

    public QuotaLedger(string path, EventWriter events)
    {
        (_path, _events) = (path, events);
        _thread = new Thread(Run) { IsBackground = true, Name = "gatehouse quotas" };
        _thread.Start();
    }

    /// <summary>Whether nothing can be kept at the moment.</summary>
    public bool IsFailing => Volatile.Read(ref _failing);

    /// <summary>Asks. The answer comes on the ledger's thread, or at once on this one when there can be none; null says that there is none.</summary>
    public void Ask(LedgerQuestion question, Action<Grant?> answered)
    {
        if (!Post(new TakeOrder(question, answered))) answered(null);
    }

    /// <summary>Gives back what was reserved and not spent. Where that cannot be kept, it counts as spent.</summary>
    public void Return(LedgerQuestion question) => Post(new TakeOrder(question, null));

    /// <summary>Asks what is remembered of a count that is kept elsewhere; the answer comes as that of <see cref="Ask"/>, null for nothing.</summary>
    public void Recall(LedgerQuestion question, Action<Grant?> answered)
    {
        if (!Post(new RecallOrder(question, answered))) answered(null);
    }

    /// <summary>Remembers what was said of counts that are kept elsewhere. Where that cannot be kept, what was remembered before stays.</summary>
    public void Remember(IReadOnlyCollection<(LedgerQuestion Question, Grant Grant)> heard) => Post(new RememberOrder(heard));

    /// <summary>Writes what is there, for at most five seconds.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping) return;
            _stopping = true;
        }

        _wake.Set(); // it is never disposed: who has just left the lock may still set it
        _thread.Join(LastBatch);
    }

    private bool Post(Order order)
    {
        lock (_gate)
        {
            if (_ended || IsFailing) return false;
            _orders.Add(order);
            if (_orders.Count > 1) return true; // the thread is awake, or about to be
        }

        _wake.Set();
        return true;
    }

    private void Run()
    {
        while (true)
        {
            try
            {
                Open();
            }
            catch (Exception e)
            {
                Fail(e);
            }

            if (_file is not null) Serve();
            if (EndIfAsked()) return;
            if (_file is null) _wake.WaitOne(RetryAfter);
            else if (!HasOrders()) _wake.WaitOne();
        }
    }

    private void Open()
    {
        if (_file is not null) return;
        _file = QuotaFile.Open(_path);
        if (!IsFailing) return;
        Volatile.Write(ref _failing, false);
        _events.Write($"quotas are kept again in {_path}");
    }

    private void Serve()
    {
        lock (_gate) (_orders, _batch) = (_batch, _orders);
        if (_batch.Count == 0) return;
        try
        {
            _file!.Begin();
            foreach (var order in _batch) order.Do(_file);
            _file.Commit();
        }
        catch (Exception e)
        {
            foreach (var order in _batch) order.Grant = null;
            Fail(e);
        }

        foreach (var order in _batch) order.End();
        _batch.Clear();
    }

    private void Fail(Exception e)
    {
        Close();
        var first = !IsFailing;
        List<Order> waiting;
        lock (_gate)
        {
            Volatile.Write(ref _failing, true);
            waiting = _orders;
            _orders = [];
        }

        foreach (var order in waiting) order.End();
        if (first) _events.Write($"quotas cannot be kept in {_path} ({Show.Bounded(e.Message)}); routes with a quota of this instance alone are closed until they can");
    }

    private bool HasOrders()
    {
        lock (_gate) return _orders.Count > 0 || _stopping;
    }

    private bool EndIfAsked()
    {
        lock (_gate)
        {
            if (!_stopping || _orders.Count > 0) return false;
            _ended = true;
            Volatile.Write(ref _failing, true); // who asks from now on is not kept waiting
        }

        Close();
        return true;
    }

    private void Close()
    {
        try
        {
            _file?.Dispose();
        }
        catch (Exception)
        {
            // what could not be written has been told, or will be when it is opened anew
        }

        _file = null;
    }

    /// <summary>Something that is done with the file.</summary>
    /// <param name="answered">Hears the answer; null for nobody.</param>
    private abstract class Order(Action<Grant?>? answered)
    {
        public Grant? Grant { get; set; }

        public abstract void Do(QuotaFile file);

        /// <summary>What was done is on disk, or was not done.</summary>
        public void End() => answered?.Invoke(Grant);
    }

    private sealed class TakeOrder(LedgerQuestion question, Action<Grant?>? answered) : Order(answered)
    {
        public override void Do(QuotaFile file) => Grant = file.Take(question);
    }

    private sealed class RecallOrder(LedgerQuestion question, Action<Grant?> answered) : Order(answered)
    {
        public override void Do(QuotaFile file) => Grant = file.Recall(question);
    }

    private sealed class RememberOrder(IReadOnlyCollection<(LedgerQuestion Question, Grant Grant)> heard) : Order(null)
    {
        public override void Do(QuotaFile file)
        {
            foreach (var (question, grant) in heard) file.Remember(question, grant);
        }
    }
}
