using Gatehouse.Pipeline;

namespace Gatehouse.Hosting;

/// <summary>
/// What a client of HTTP/2 has left to spend on frames that bring nobody further (RFC 9113 section 10.5): those that carry no request and no body,
/// and those that take a request back. Requests, responses and time earn more. One for each connection.
/// </summary>
/// <param name="sent">The bytes that were sent over the connection so far.</param>
internal sealed class FrameToll(Func<long> sent, TimeProvider clock)
{
    public const string FloodOfFrames = "flood of frames";

    public const string FloodOfResets = "flood of resets";

    /// <summary>Frames that carry nothing: so many at once,</summary>
    public const int Empty = 5000;

    /// <summary>in each second,</summary>
    public const int EmptyPerSecond = 1000;

    /// <summary>for each stream that is opened,</summary>
    public const int EmptyPerStream = 2;

    /// <summary>and one for each so many bytes that were sent: who takes a large response gives its window back in many small steps.</summary>
    public const int BytesPerEmpty = 512;

    /// <summary>What streams that are taken back may cost at once: each <see cref="ResetCost"/>; one that is opened earns 1.</summary>
    public const int Resets = 400;

    public const int ResetCost = 2;

    public const int ResetsPerSecond = 100;

    private int _empty = Empty;
    private int _resets = Resets;
    private int _refused;
    private long _lastEmpty = clock.GetTimestamp();
    private long _lastResets = clock.GetTimestamp();
    private long _sentBefore;

    /// <summary>Why the connection has to end, a constant text; null while it may live.</summary>
    public string? Fault { get; private set; }

    /// <summary>Counts a frame that was taken.</summary>
    /// <param name="opens">Whether it is the head of a request that was not there before.</param>
    public void Take(in FrameHead frame, bool opens)
    {
        if (frame.CarriesData) return;
        if (opens)
        {
            if (_empty < Empty) _empty += EmptyPerStream;
            if (_resets < Resets) _resets++;
            Pay(ResetCost * Interlocked.Exchange(ref _refused, 0));
        }
        else if (frame.Type == FrameHead.Reset) Pay(ResetCost);
        else if (--_empty < 0 && !EarnEmpty()) Fault = FloodOfFrames;
    }

    /// <summary>Counts a stream that the server had to take back as though its client had done it; whoever writes frames may say so.</summary>
    public void Refuse() => Interlocked.Increment(ref _refused);

    private void Pay(int resets)
    {
        _resets -= resets;
        if (_resets < 0 && !EarnResets()) Fault = FloodOfResets;
    }

    private bool EarnEmpty()
    {
        var sentNow = sent();
        var earned = Earned(ref _lastEmpty, clock.GetTimestamp(), EmptyPerSecond) + ((sentNow - _sentBefore) / BytesPerEmpty);
        _sentBefore = sentNow;
        _empty = (int)Math.Min(Empty, _empty + earned);
        return _empty >= 0;
    }

    private bool EarnResets()
    {
        _resets = (int)Math.Min(Resets, _resets + Earned(ref _lastResets, clock.GetTimestamp(), ResetsPerSecond));
        return _resets >= 0;
    }

    private long Earned(ref long since, long now, int perSecond)
    {
        var earned = (long)((Int128)(now - since) * perSecond / clock.TimestampFrequency);
        since = now;
        return earned;
    }
}
