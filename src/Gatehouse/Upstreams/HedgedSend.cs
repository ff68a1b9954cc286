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
        var one = new Side(first, cancellationToken);
        one.Begin(client.Connections, request, clock);
        if (await IsInTimeAsync(one, cancellationToken) || await SecondAsync(one, request, cancellationToken) is not (var index and >= 0, var copy))
            return await one.EndAsync();
        var two = new Side(index, cancellationToken);
        client.Enter(index);
        two.Begin(client.Connections, copy, clock);
        var winner = await FirstAsync(one, two, clock);
        var isFirst = winner == one;
        Measure(isFirst ? two : one);
        _ = LoseAsync(isFirst ? two : one);
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
    private async Task LoseAsync(Side loser)
    {
        await loser.CutOffAsync();
        client.GiveBackPlace();
    }

    private async Task<bool> IsInTimeAsync(Side one, CancellationToken cancellation)
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
    private async ValueTask<(int Index, HttpRequestMessage Request)> SecondAsync(Side one, HttpRequestMessage request, CancellationToken cancellation)
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
    private void Measure(Side loser)
    {
        var sending = loser.Sending;
        var status = sending.IsCompletedSuccessfully ? (int)sending.Result.StatusCode : 0;
        var error = status != 0 ? null : sending.IsFaulted ? AttemptEnds.OfFailed(sending.Exception.InnerException).Say() : CutOff;
        var ended = loser.EndedAt != 0 ? loser.EndedAt : repeats.Plan.Clock.GetTimestamp();
        client.Measure(exchange, loser.Index, loser.BeganAt, ended, status, error);
    }

    /// <summary>The side that answers first; one that says that it cannot, or does not answer, gives way to the other.</summary>
    private static async Task<Side> FirstAsync(Side one, Side two, TimeProvider clock)
    {
        var earlier = await Task.WhenAny(one.Sending, two.Sending) == one.Sending ? one : two;
        earlier.EndedAt = clock.GetTimestamp();
        if (earlier.IsGood) return earlier;
        var later = earlier == one ? two : one;
        await Task.WhenAny(later.Sending);
        if (later.IsGood) return later;
        return earlier.Sending.IsCompletedSuccessfully ? earlier : later.Sending.IsCompletedSuccessfully ? later : one;
    }

    /// <summary>One of the two requests, with what cuts it off.</summary>
    private sealed class Side(int index, CancellationToken cancellation)
    {
        private readonly CancellationTokenSource _cut = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

        /// <summary>Of its destination.</summary>
        public int Index => index;

        public long BeganAt { get; private set; }

        /// <summary>When its head or its failure had come, where the other one was waited for then; else 0.</summary>
        public long EndedAt { get; set; }

        public Task<HttpResponseMessage> Sending { get; private set; } = null!;

        public bool IsGood => Sending.IsCompletedSuccessfully && !Repeats.IsUnavailable(Sending.Result.StatusCode);

        public void Begin(HttpMessageInvoker connections, HttpRequestMessage request, TimeProvider clock)
        {
            BeganAt = clock.GetTimestamp();
            try
            {
                Sending = connections.SendAsync(request, _cut.Token);
            }
            catch (Exception e)
            {
                Sending = Task.FromException<HttpResponseMessage>(e); // as if it had failed later: the other one may still answer
            }
        }

        /// <summary>The answer. Its body is bounded by whoever reads it.</summary>
        public async Task<HttpResponseMessage> EndAsync()
        {
            using (_cut) return await Sending;
        }

        /// <summary>Nobody waits for its answer any longer. Never throws, and is over when nothing of it is under way.</summary>
        public async Task CutOffAsync()
        {
            using (_cut)
            {
                try
                {
                    await _cut.CancelAsync();
                    (await Sending).Dispose();
                }
                catch (Exception)
                {
                    // cut off, or failed before: the other one has answered
                }
            }
        }
    }

    /// <summary>What an invoker has to have below it; everything is sent by the upstream's own connections.</summary>
    private sealed class Nothing : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromException<HttpResponseMessage>(new InvalidOperationException("nothing is sent by this"));
    }
}
