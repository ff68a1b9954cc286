namespace Gatehouse.Telemetry;

/// <summary>
/// Gathers lines in memory and writes them to a stream from a thread of its own, in blocks. The caller only copies bytes under a short lock: a target
/// that is slow, full or broken costs lines (counted in <see cref="Dropped"/>), never time. Memory is bounded by two buffers.
/// </summary>
internal sealed class BufferedLineSink : LineSink, IDisposable
{
    /// <summary>Bytes that each of the two buffers holds unless told otherwise.</summary>
    public const int DefaultCapacity = 1 << 20;

    private const int WriteBlocksOf = 32 * 1024;
    private static readonly TimeSpan WriteAfter = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastFlush = TimeSpan.FromSeconds(2);

    /// <summary>How long the target may take before the operator hears of it: a pipe that nobody reads blocks its opening for ever.</summary>
    private static readonly TimeSpan StalledAfter = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _writer;
    private readonly Func<Stream> _open;
    private readonly Action<Exception>? _failing;
    private readonly int _writeAt;
    private readonly TimeProvider _clock;
    private readonly ITimer _stallCheck;
    private byte[] _front;
    private byte[] _back;
    private int _frontLength;
    private long _dropped;
    private long _failures;
    private long _busySince;
    private bool _failed;
    private bool _reopen;
    private bool _stopping;

    /// <param name="open">Opens the target; called on the writing thread, again after each failure and each <see cref="Reopen"/>.</param>
    /// <param name="failing">Told of a failure when writing worked before: once per outage, not once per attempt. A target that hangs is one
    /// too.</param>
    /// <param name="writeAt">Bytes that are written at once, without waiting for more.</param>
    public BufferedLineSink(Func<Stream> open, Action<Exception>? failing = null, int capacity = DefaultCapacity, TimeProvider? clock = null,
        int writeAt = WriteBlocksOf)
    {
        _writeAt = writeAt;
        _open = open;
        _failing = failing;
        _clock = clock ?? TimeProvider.System;
        _stallCheck = _clock.CreateTimer(static sink => ((BufferedLineSink)sink!).TellOfStall(), this, StalledAfter, StalledAfter);
        _front = new byte[capacity];
        _back = new byte[capacity];
        _writer = new Thread(WriteLoop) { IsBackground = true, Name = "gatehouse access log" };
        _writer.Start();
    }

    public override long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Attempts to open or to write that failed since the start.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Whether the target is being opened or written to now.</summary>
    internal bool IsBusy => Volatile.Read(ref _busySince) != 0;

    /// <summary>Appends to a file, which is made with mode 0640 when it does not exist.</summary>
    public static BufferedLineSink ToFile(string path, Action<Exception>? failing = null) => new(() => OpenFile(path), failing);

    public static BufferedLineSink ToStandardOutput(Action<Exception>? failing = null) => new(StandardStream.OpenOutput, failing);

    public override void Write(ReadOnlySpan<byte> line)
    {
        bool wake;
        lock (_gate)
        {
            var length = _frontLength;
            if (_stopping || length + line.Length + 1 > _front.Length)
            {
                Interlocked.Increment(ref _dropped);
                return;
            }

            line.CopyTo(_front.AsSpan(length));
            length += line.Length;
            _front[length++] = (byte)'\n';
            wake = _frontLength < _writeAt && length >= _writeAt;
            _frontLength = length;
        }

        if (wake) _wake.Set();
    }

    /// <summary>Opens the target anew before the next block: after a rotation has renamed the file.</summary>
    public void Reopen()
    {
        Volatile.Write(ref _reopen, true);
        _wake.Set();
    }

    /// <summary>Writes what is there, for at most two seconds. What still waits for a target that hangs is dropped and counted.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping) return;
            _stopping = true;
        }

        _stallCheck.Dispose();
        _wake.Set(); // it is never disposed: a caller that has just left the lock may still set it
        if (_writer.Join(LastFlush)) return;
        lock (_gate) Interlocked.Add(ref _dropped, _front.AsSpan(0, _frontLength).Count((byte)'\n'));
    }

    private static FileStream OpenFile(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        return new FileStream(path, options);
    }

    private void WriteLoop()
    {
        Stream? target = null;
        while (true)
        {
            _wake.WaitOne(WriteAfter);
            var last = Volatile.Read(ref _stopping);
            if (Interlocked.Exchange(ref _reopen, false)) Close(ref target);
            var block = Swap();
            var written = 0;
            while (written < block.Length)
            {
                Volatile.Write(ref _busySince, _clock.GetTimestamp());
                try
                {
                    target ??= _open();
                    WriteBlock(target, block.Span, ref written);
                    Volatile.Write(ref _failed, false);
                }
                catch (Exception e)
                {
                    Interlocked.Increment(ref _failures);
                    Tell(e);
                    Close(ref target);
                    if (Volatile.Read(ref _stopping))
                    {
                        Interlocked.Add(ref _dropped, block.Span[written..].Count((byte)'\n'));
                        break;
                    }

                    Volatile.Write(ref _busySince, 0);
                    _wake.WaitOne(RetryAfter);
                }
            }

            Volatile.Write(ref _busySince, 0);

            if (!last) continue;
            Close(ref target);
            return;
        }
    }

    private void TellOfStall()
    {
        var since = Volatile.Read(ref _busySince);
        if (since != 0 && _clock.GetElapsedTime(since) >= StalledAfter) Tell(new TimeoutException("nothing takes what is written"));
    }

    private void Tell(Exception e)
    {
        if (!Interlocked.Exchange(ref _failed, true)) _failing?.Invoke(e);
    }

    /// <summary>
    /// Writes from <paramref name="written"/> on. After a failure in the middle, <paramref name="written"/> says how far a file, or the process's
    /// output, has got.
    /// </summary>
    private static void WriteBlock(Stream target, ReadOnlySpan<byte> block, ref int written)
    {
        if (target is StandardStream standard)
        {
            standard.Write(block, ref written);
            return;
        }

        // .NET writes at a position that it keeps itself: the end is looked up each time, for the file may have been cut by a rotation
        var before = target.CanSeek ? target.Seek(0, SeekOrigin.End) : 0;
        var length = block.Length - written;
        try
        {
            target.Write(block[written..]);
            target.Flush();
        }
        catch (IOException) when (target.CanSeek)
        {
            written += (int)Math.Clamp(target.Length - before, 0, length);
            throw;
        }

        written = block.Length;
    }

    private ReadOnlyMemory<byte> Swap()
    {
        lock (_gate)
        {
            (_front, _back) = (_back, _front);
            var block = _back.AsMemory(0, _frontLength);
            _frontLength = 0;
            return block;
        }
    }

    private static void Close(ref Stream? target)
    {
        try
        {
            target?.Dispose();
        }
        catch (IOException)
        {
            // what could not be written is already counted as a failure
        }

        target = null;
    }
}
