using System.Net.Http;
using Gatehouse.Pipeline;

namespace Gatehouse.Upstreams;

/// <summary>
/// Sends one attempt: to the destination that was chosen, and, where its head is long in coming, to a second one too. Whichever answers first is
/// passed on, and the other is cut off. The race is below the forwarder, which sees one request and one response: nothing of the exchange is ever in
/// two hands. While both are under way they have two places of the bulkhead: the exchange's own, which the winner keeps, and one that is given back
/// when the other's sending has ended.
/// </summary>
internal sealed class HedgedSend(
    UpstreamClient client, Repeats repeats, Exchange exchange, ForwardCall call, int first) : HttpMessageInvoker(Unused, disposeHandler: false)
{
    private const string CutOff = "cut off";
    private static readonly HttpMessageHandler Unused = new Nothing();
    private int? _second;
    private long _secondBeganAt;
    private AttemptTrace? _losing;

    /// <summary>The index of the destination whose answer it is; until there is one, of the one that was chosen.</summary>
    public int Winner => _second ?? first;

    /// <summary>When the attempt began whose answer it is.</summary>
    /// <param name="first">When the first one did.</param>
    public long WinnerBeganAt(long first) => _second is null ? first : _secondBeganAt;

    public override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var clock = repeats.Plan.Clock;
        var one = new HedgeSide(first, cancellationToken);
        one.Begin(client.Connections, request, clock);
        if (await IsInTimeAsync(one, cancellationToken) || await SecondAsync(one, request, cancellationToken) is not (var index and >= 0, var copy))
            return await one.EndAsync();
        var two = new HedgeSide(index, cancellationToken);
        client.Enter(index);
        two.Begin(client.Connections, copy, clock);
        repeats.SendsHedge();
        var winner = await FirstAsync(one, two, clock);
        var isFirst = winner == one;
        var loser = isFirst ? two : one;
        if (loser.End.IsFailure()) client.JudgeLost(exchange, loser.Index, loser.End); // the winner's end is that of the exchange
        Measure(loser);
        _ = LoseAsync(loser);
        Trace(isFirst);
        client.Leave(isFirst ? index : first); // the winner's is left when its answer is over
        if (!isFirst)
        {
            (_second, _secondBeganAt) = (index, two.BeganAt);
            exchange.Forward.Destination = client.NameOf(index);
        }

        return await winner.EndAsync();
    }

    /// <summary>Cuts one off that nobody waits for. One of the two places is free when it has really ended.</summary>
    private async Task LoseAsync(HedgeSide loser)
    {
        await loser.CutOffAsync();
        client.GiveBackPlace();
    }

    private async Task<bool> IsInTimeAsync(HedgeSide one, CancellationToken cancellation)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var waited = Task.Delay(repeats.Plan.HedgeAfter!.Value, repeats.Plan.Clock, over.Token);
        var inTime = await Task.WhenAny(one.Sending, waited) == one.Sending;
        await over.CancelAsync();
        return inTime || cancellation.IsCancellationRequested;
    }

    /// <summary>
    /// Another destination and the request for it, with a place of the bulkhead taken for it; -1, and no place, where there is none, or may be none.
    /// A hedge waits for no place: it would add to what makes the first one slow.
    /// </summary>
    private async ValueTask<(int Index, HttpRequestMessage Request)> SecondAsync(
        HedgeSide one, HttpRequestMessage request, CancellationToken cancellation)
    {
        var others = repeats.Tried;
        others.Add(first);
        var index = client.Choose(exchange, others);
        if (index < 0 || !TryTakePlace()) return (-1, request);
        try
        {
            if (await CopyAsync(request, index, cancellation) is { } copy) return (index, copy);
        }
        catch (Exception)
        {
            await LoseAsync(one); // the exchange fails, and leaves nothing under way
            throw;
        }

        client.GiveBackPlace();
        return (-1, request);
    }

    private bool TryTakePlace()
    {
        if (client.TryTakePlace()) return true;
        repeats.Plan.Tallies.Withheld(RepeatTallies.NoPlace);
        return false;
    }

    /// <summary>The request for the second destination; null where it may not be sent.</summary>
    private async ValueTask<HttpRequestMessage?> CopyAsync(HttpRequestMessage request, int index, CancellationToken cancellation)
    {
        if (!repeats.TryHedge()) return null;
        var copy = new HttpRequestMessage { Method = request.Method, Version = request.Version, VersionPolicy = request.VersionPolicy };
        call.Host = client.HostOf(index);
        _losing = call.Attempt; // until it is known which of them is
        call.Attempt = client.Trace(exchange, index);
        await call.TransformRequestAsync(exchange.Http, copy, client.NameOf(index), cancellation);
        return copy;
    }

    /// <summary>The one whose answer is passed on ends with that answer, the other one here.</summary>
    private void Trace(bool isFirst)
    {
        if (_losing is null) return;
        if (isFirst) (_losing, call.Attempt) = (call.Attempt, _losing);
        _losing?.End(repeats.Plan.Clock.GetTimestamp(), 0, CutOff);
    }

    /// <summary>Measures the one that is not passed on: to its answer or failure where that came first, else until it is cut off, now.</summary>
    private void Measure(HedgeSide loser)
    {
        var sending = loser.Sending;
        var status = sending.IsCompletedSuccessfully ? (int)sending.Result.StatusCode : 0;
        var error = status != 0 ? null : loser.End.IsFailure() ? loser.End.Say() : CutOff;
        var ended = loser.EndedAt != 0 ? loser.EndedAt : repeats.Plan.Clock.GetTimestamp();
        client.Measure(exchange, loser.Index, loser.BeganAt, ended, status, error);
    }

    /// <summary>
    /// The side that answers first; one that says that it cannot, or does not answer, gives way to the other. Where neither answers, it is one that
    /// was connected, if one was: of what no connection came about for, it would be said that nothing was sent, and it would be sent again.
    /// </summary>
    private static async Task<HedgeSide> FirstAsync(HedgeSide one, HedgeSide two, TimeProvider clock)
    {
        var earlier = await Task.WhenAny(one.Sending, two.Sending) == one.Sending ? one : two;
        earlier.HasEnded(clock);
        if (earlier.IsGood) return earlier;
        var later = earlier == one ? two : one;
        await Task.WhenAny(later.Sending);
        later.HasEnded(clock);
        if (later.IsGood) return later;
        if (earlier.Sending.IsCompletedSuccessfully) return earlier;
        if (later.Sending.IsCompletedSuccessfully) return later;
        return one.End == AttemptEnd.NotConnected ? two : one;
    }

    /// <summary>What an invoker has to have below it; everything is sent by the upstream's own connections.</summary>
    private sealed class Nothing : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromException<HttpResponseMessage>(new InvalidOperationException("nothing is sent by this"));
    }
}
