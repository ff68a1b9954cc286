using Gatehouse.Configuration;
using Gatehouse.Telemetry;

namespace Gatehouse.Audit;

/// <summary>
/// What happened, appended to a chain that shows every change. Records are written by a thread of its own, all that wait in one transaction; what is
/// acknowledged is on disk. While the store cannot be written nothing is acknowledged, and it is opened anew again and again: records that nobody
/// waits for are kept in memory until then, up to a bound.
/// </summary>
internal sealed class AuditTrail : IDisposable
{
    /// <summary>A record is seldom longer, with what is personal in it: so much room is kept for one that is owed.</summary>
    private const int UsualBytes = 2048;

    /// <summary>Times that the writing thread lets others go first: each is a moment of the scheduler.</summary>
    private const int MostYields = 4;

    private static readonly TimeSpan LastBatch = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LeastWait = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource<bool> _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly AuditStore _store;
    private readonly AuditTrailOptions _options;
    private readonly EventWriter _events;
    private readonly TimeProvider _clock;
    private readonly AuditTally _tally;
    private readonly TrailNews _news;
    private readonly TrailGaps _gaps;
    private readonly Thread _thread;
    private readonly ITimer _watch;
    private readonly ITimer _due;
    private readonly RetentionDuty? _retention;
    private readonly OtherChainsDuty _others;
    private readonly UncertainCommit _uncertain = new();
    private AuditBatch _front;
    private AuditBatch _back;
    private ChainWriter? _writer;
    private CheckpointCopies? _copies;
    private string? _origin;
    private int _owed;
    private bool _writable;
    private bool _stopping;
    private bool _ended;

    public AuditTrail(AuditStore store, AuditTrailOptions options, EventWriter events, TimeProvider clock, AuditTally tally)
    {
        (_store, _options, _events, _clock, _tally) = (store, options, events, clock, tally);
        (_news, _gaps) = (new TrailNews(store, events, tally), new TrailGaps(events, clock, tally));
        tally.CopyFailures = () => _copies?.Failures ?? 0;
        (_front, _back) = (new AuditBatch(options.QueueBytes), new AuditBatch(options.QueueBytes));
        _watch = clock.CreateTimer(static trail => ((AuditTrail)trail!).GiveUpWaiting(), this, options.WriteWithin / 4, options.WriteWithin / 4);
        _due = clock.CreateTimer(static trail => ((AuditTrail)trail!)._wake.Set(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _retention = options.Retain is { } retain ? new RetentionDuty(retain, options.IsClockInStep, clock, _news, () => _wake.Set()) : null;
        _others = new OtherChainsDuty(store, options, events, clock);
        _thread = new Thread(Run) { IsBackground = true, Name = "gatehouse audit trail" };
        _thread.Start();
    }

    /// <summary>Whether records are acknowledged at the moment.</summary>
    public bool Writable => Volatile.Read(ref _writable);

    /// <summary>Is over when the store was opened for the first time, or could not be: true or false.</summary>
    public Task<bool> Begun => _begun.Task;

    /// <summary>
    /// Writes a record. True when it is durable; false when that is not known: the trail cannot be written, or not in time. Then it may be in the
    /// trail all the same, so that for an intent an outcome is to be posted whatever the answer is; one without an intent does no harm.
    /// </summary>
    public ValueTask<bool> WriteAsync(AuditRecord record)
    {
        if (!Writable) return NotTaken(record);
        var written = RecordWriter.Write(record);
        Task<bool> done;
        bool isFirst;
        lock (_gate)
        {
            if (!_writable || _ended || !_front.TryAdd(record, written, isWaitedFor: true, Kept)) return NotTaken(record);
            isFirst = !_front.HasWaiters;
            done = _front.Written(_clock.GetTimestamp());
        }

        if (isFirst) _wake.Set();
        return new ValueTask<bool>(done);
    }

    /// <summary>Keeps room for a record that will be owed, where there is any, even if nothing can be written for a while.</summary>
    public bool TryReserve()
    {
        lock (_gate)
        {
            if (_ended || Kept + UsualBytes > _front.Free) return false;
            _owed++;
            return true;
        }
    }

    /// <summary>Has a record written soon, with others. False when as much waits as may; what was taken is lost only with the process.</summary>
    public bool Post(AuditRecord record) => Post(record, isOwed: false);

    /// <summary>The same for one for which room was kept.</summary>
    public bool Settle(AuditRecord record) => Post(record, isOwed: true);

    private bool Post(AuditRecord record, bool isOwed)
    {
        var written = RecordWriter.Write(record);
        bool wake;
        lock (_gate)
        {
            if (isOwed) _owed--;
            var wasHalfFull = _front.IsHalfFull;
            if (_ended || !_front.TryAdd(record, written, isWaitedFor: false, isOwed ? 0 : Kept))
            {
                _gaps.Add(record);
                return false;
            }

            wake = _front.Count == 1 || (!wasHalfFull && _front.IsHalfFull);
        }

        if (wake) _wake.Set();
        return true;
    }

    /// <summary>Writes what is there and that it stops, for at most five seconds.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping) return;
            _stopping = true;
        }

        _others.Stop();
        _wake.Set(); // it is never disposed: who has just left the lock may still set it
        if (!_thread.Join(LastBatch) && CountLeft() is > 0 and var left) _news.NotWritten(left);
        _watch.Dispose();
        _due.Dispose();
        _retention?.Dispose();
        _copies?.Dispose();
        _others.Dispose();
    }

    /// <summary>The room that is kept for what is owed. Only under the lock.</summary>
    private long Kept => (long)_owed * UsualBytes;

    private ValueTask<bool> NotTaken(AuditRecord record)
    {
        _gaps.Add(record);
        return new ValueTask<bool>(false);
    }

    private void Run()
    {
        while (true)
        {
            if (TryOpen())
            {
                AwaitWork();
                LetOthersCome();
                Serve();
                Retain();
            }

            if (EndIfAsked()) return;
            if (_writer is null) _wake.WaitOne(_options.RetryAfter);
        }
    }

    private bool TryOpen()
    {
        if (_writer is not null) return true;
        try
        {
            if (_origin is null) _others.LookBefore(_store);
            var opened = ChainOpening.Open(_store, _options);
            var writer = new ChainWriter(_store, opened.State, _options, _clock);
            var origin = opened.State.Chain.Origin;
            var isStart = origin != _origin; // also where the chain that it had went to another instance
            // a commit that failed may have been carried out all the same, and is not to be done twice
            if (!isStart && _uncertain.TryTakeAsWritten(_store, _gaps, out var posted)) DropWritten(posted);
            _uncertain.End();
            var note = new ChainBeginning(_store, writer, _options, _clock).Write(opened, isStart, _events);
            writer.Ship();
            if (isStart)
            {
                _copies?.Dispose();
                _copies = _options.Copies is { } folder ? new CheckpointCopies(folder, origin, _events) : null;
            }

            // the run before may have been killed between the store and the second place
            if (note is null && isStart && opened.State.Signed > (opened.Copied?.Size ?? 0)) note = _store.LastCheckpoint()?.Note;
            if (note is not null) _copies?.Add(note);
            _origin = origin;
            _others.LookOn(opened.State.Chain.Instance);
            _writer = writer;
            Succeed();
            return true;
        }
        catch (Exception e)
        {
            Fail(e);
            return false;
        }
        finally
        {
            _begun.TrySetResult(_writer is not null);
        }
    }

    /// <summary>Until somebody waits, enough has come together, or a checkpoint is due.</summary>
    private void AwaitWork()
    {
        for (var gathered = false; ;)
        {
            bool now, any;
            lock (_gate)
            {
                now = _front.HasWaiters || _front.IsHalfFull || _stopping || _back.Count > 0 || _gaps.Any || _retention is { IsDue: true };
                any = _front.Count > 0;
            }

            if (now || (any && gathered) || _writer!.IsCheckpointDue) return;
            gathered = any;
            if (any) _wake.WaitOne(_options.GatherFor);
            else AwaitAny();
        }
    }

    /// <summary>Where the processors are busy, those who are about to record something come first and share the write; else nothing waits.</summary>
    private void LetOthersCome()
    {
        for (var i = 0; i < MostYields; i++)
        {
            var before = CountWaiting();
            Thread.Yield();
            if (CountWaiting() == before) return;
        }
    }

    private int CountWaiting()
    {
        lock (_gate) return _front.Count;
    }

    private long CountLeft()
    {
        lock (_gate) return _front.Count + _back.Count + _gaps.Count;
    }

    /// <summary>A timer may come a moment early: it is set anew until what waits for a checkpoint has one.</summary>
    private void AwaitAny()
    {
        if (!_writer!.IsSigned) _due.Change(_writer.UntilDue > LeastWait ? _writer.UntilDue : LeastWait, Timeout.InfiniteTimeSpan);
        _wake.WaitOne();
    }

    private void Serve()
    {
        lock (_gate)
            if (_back.Count == 0) (_front, _back) = (_back, _front);
        if (_back.Count == 0 && !_gaps.Any && !_writer!.IsCheckpointDue) return;
        for (var isLast = false; !isLast;)
        {
            var count = _back.Portion(TrailPortion.MostBytes);
            isLast = count == _back.Count;
            if (!TryWrite(count, isLast)) return;
        }

        Succeed();
    }

    /// <summary>Writes the first records that wait in one transaction, and with the last of them how many are missing.</summary>
    private bool TryWrite(int count, bool isLast)
    {
        var before = _writer!.State.Last;
        try
        {
            var (note, said) = TrailPortion.Write(_store, _writer, _back, count, isLast ? _gaps : null, _uncertain);
            _tally.Commits.Add();
            _tally.Records.Add((int)(_writer.State.Last - before));
            if (note is not null) _copies?.Add(note);
            _gaps.Written(said);
        }
        catch (Exception e)
        {
            Fail(e);
            return false;
        }

        if (isLast) Clear(_back, written: true);
        else DropWritten(count);
        return true;
    }

    private void DropWritten(int count)
    {
        lock (_gate) _back.Drop(count);
    }

    /// <summary>What goes wrong with it stops nothing else: the store is opened anew, and it is tried again in an hour.</summary>
    private void Retain()
    {
        if (_writer is not { } writer || _retention is not { IsDue: true } retention) return;
        try
        {
            if (retention.Step(_store, writer) is { } note) _copies?.Add(note);
            writer.Ship();
            if (!writer.IsSigned) _due.Change(writer.UntilDue, Timeout.InfiniteTimeSpan);
        }
        catch (Exception e)
        {
            _store.Close();
            _writer = null;
            _news.NotTakenOut(e);
        }
    }

    private void Succeed()
    {
        lock (_gate) Volatile.Write(ref _writable, !_ended && !_front.IsAbandoned); // nobody is to join those who were given up
        _news.Found();
    }

    private void Fail(Exception e)
    {
        _store.Close();
        _writer = null;
        TaskCompletionSource<bool>? first, second;
        lock (_gate)
        {
            Volatile.Write(ref _writable, false);
            first = _back.KeepPosted();
            second = _front.KeepPosted();
        }

        first?.TrySetResult(false);
        second?.TrySetResult(false);
        _tally.Failures.Add();
        _news.Lost(e);
    }

    /// <summary>Nobody waits for longer than is allowed, whatever the disk does.</summary>
    private void GiveUpWaiting()
    {
        TaskCompletionSource<bool>? first, second;
        lock (_gate)
        {
            first = _back.HasWaitedTooLong(_clock, _options.WriteWithin) ? _back.Abandon() : null;
            second = _front.HasWaitedTooLong(_clock, _options.WriteWithin) ? _front.Abandon() : null;
            if (first is null && second is null) return;
            Volatile.Write(ref _writable, false);
        }

        first?.TrySetResult(false);
        second?.TrySetResult(false);
        _tally.Failures.Add();
        _news.Lost(_options.WriteWithin);
    }

    private void Clear(AuditBatch batch, bool written)
    {
        TaskCompletionSource<bool>? waiters;
        bool holds;
        lock (_gate) (waiters, holds) = batch.Clear(written);
        waiters?.TrySetResult(holds);
    }

    private bool EndIfAsked()
    {
        lock (_gate)
        {
            if (!_stopping || (_writer is not null && (_front.Count > 0 || _back.Count > 0))) return false;
            _ended = true;
            Volatile.Write(ref _writable, false); // who asks from now on is not kept waiting
        }

        if (_writer is not null) WriteStop();
        else if (CountLeft() is > 0 and var left) _news.NotWritten(left);
        Clear(_front, written: false);
        Clear(_back, written: false);
        _store.Close();
        return true;
    }

    private void WriteStop()
    {
        try
        {
            if (_writer!.Stop() is { } note) _copies?.Add(note);
        }
        catch (Exception e)
        {
            _news.NotEnded(e);
        }
    }
}
