namespace Gatehouse.Telemetry.Otlp;

/// <summary>
/// One signal on its way to a collector: records are gathered in memory and sent in blocks, beside everything else. Whoever writes only copies bytes
/// under a short lock. A collector that is slow, hangs or is not there costs records, which are counted, and never time; memory is bounded by two
/// buffers. A block that was not taken is sent again until it is, or is refused.
/// </summary>
internal sealed class OtlpChannel : IAsyncDisposable
{
    /// <summary>Bytes that each of the two buffers holds unless told otherwise.</summary>
    public const int Usual = 4 << 20;

    private const int HeadBytes = 4 * 1024;
    private static readonly TimeSpan SendEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LastFlush = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly string _signal;
    private readonly OtlpTransport _transport;
    private readonly byte[] _resource;
    private readonly OtlpTally _tally;
    private readonly EventWriter _events;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Task _loop;
    private TaskCompletionSource _half = NewSignal();
    private byte[] _front;
    private byte[] _back;
    private int _length;
    private int _records;
    private bool _isTold;
    private long _lostBefore;

    /// <param name="signal">As its path is called: <c>traces</c>, <c>metrics</c>, <c>logs</c>.</param>
    /// <param name="resource">Who tells; see <see cref="OtlpResource.Of"/>.</param>
    public OtlpChannel(
        string signal, OtlpTransport transport, byte[] resource, OtlpTally tally, EventWriter events, TimeProvider clock, int capacity = Usual)
    {
        (_signal, _transport, _resource, _tally, _events, _clock) = (signal, transport, resource, tally, events, clock);
        _front = new byte[capacity];
        _back = new byte[capacity];
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>Records, or points of metrics, that were lost since the start, for whatever reason.</summary>
    public long Lost => _tally.Lost;

    /// <summary>Takes one record, and never makes its caller wait.</summary>
    /// <param name="record">The field 2 of the signal's scope, tag and length included.</param>
    /// <param name="count">What it counts for: a metric is as many as it has points, for in those a collector counts what it does not take.</param>
    public void Write(ReadOnlySpan<byte> record, int count = 1)
    {
        TaskCompletionSource? wake = null;
        lock (_gate)
        {
            var length = _length + record.Length;
            if (length > _front.Length)
            {
                _tally.AddLost(OtlpTally.Full, count);
                return;
            }

            record.CopyTo(_front.AsSpan(_length));
            if (_length <= _front.Length / 2 && length > _front.Length / 2) wake = _half;
            _length = length;
            _records += count;
        }

        wake?.TrySetResult();
    }

    /// <summary>Counts a record that was too long to be made.</summary>
    public void LoseTooLong(int count = 1) => _tally.AddLost(OtlpTally.TooLong, count);

    /// <summary>Leaves out what was not sent yet, because what comes now says the same and more: metrics are sums.</summary>
    public void Supersede()
    {
        lock (_gate)
        {
            if (_records > 0) _tally.AddLost(OtlpTally.Stale, _records);
            (_length, _records) = (0, 0);
        }
    }

    /// <summary>Sends what is there, for at most two seconds; what is left then is lost and counted.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        _end.CancelAfter(LastFlush);
        await _stop.CancelAsync();
        await _loop;
        lock (_gate) _tally.AddLost(OtlpTally.Stopped, _records);
        _stop.Dispose();
        _end.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task LoopAsync()
    {
        var body = new byte[HeadBytes + _front.Length];
        while (true)
        {
            await Task.WhenAny(Volatile.Read(ref _half).Task, Task.Delay(SendEvery, _clock, _stop.Token));
            var last = _stop.IsCancellationRequested;
            if (Swap(out var records) is { Length: > 0 } block)
            {
                var length = OtlpResource.Wrap(_resource, block.Span, body);
                await SendAsync(body.AsMemory(0, length), records);
            }

            if (last) return;
        }
    }

    /// <summary>Sends one block until it is taken or refused, or the gateway stops.</summary>
    private async Task SendAsync(ReadOnlyMemory<byte> body, int records)
    {
        for (var wait = FirstWait; ; wait = wait * 2 < LongestWait ? wait * 2 : LongestWait)
        {
            OtlpAnswer answer;
            try
            {
                answer = await _transport.PostAsync("v1/" + _signal, body, _end.Token);
                if (answer.Taken || answer.IsFinal || _stop.IsCancellationRequested)
                {
                    Settle(answer, records);
                    return;
                }

                Tell(answer.Why!);
                await Task.Delay(answer.Wait > wait ? Least(answer.Wait, LongestWait) : wait, _clock, _stop.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                _tally.AddLost(OtlpTally.Stopped, records);
                return;
            }
        }
    }

    private void Settle(OtlpAnswer answer, int records)
    {
        if (!answer.Taken)
        {
            _tally.AddLost(answer.IsFinal ? OtlpTally.Refused : OtlpTally.Stopped, records);
            Tell(answer.Why!);
            return;
        }

        var rejected = (int)Math.Min(answer.Rejected, records);
        _tally.AddSent(records - rejected);
        if (rejected > 0) _tally.AddLost(OtlpTally.Refused, rejected);
        if (!_isTold) return;
        _isTold = false;
        _events.Write($"telemetry: the collector takes {_signal} again; {_tally.Lost - _lostBefore} records were lost meanwhile");
    }

    /// <summary>Tells the operator once, until the collector takes something again.</summary>
    private void Tell(string why)
    {
        if (_isTold) return;
        (_isTold, _lostBefore) = (true, _tally.Lost);
        _events.Write($"telemetry: the collector does not take {_signal}: {why}; what finds no room is lost, and counted in gatehouse.telemetry.lost");
    }

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private ReadOnlyMemory<byte> Swap(out int records)
    {
        lock (_gate)
        {
            (_front, _back) = (_back, _front);
            records = _records;
            var block = _back.AsMemory(0, _length);
            (_length, _records) = (0, 0);
            if (_half.Task.IsCompleted) Volatile.Write(ref _half, NewSignal());
            return block;
        }
    }
}
