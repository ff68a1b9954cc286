using System.Net.Http;

namespace Gatehouse.Upstreams;

/// <summary>One of the two requests of an attempt with a hedge, and what cuts it off.</summary>
internal sealed class HedgeSide(int index, CancellationToken cancellation)
{
    private readonly CancellationTokenSource _cut = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

    /// <summary>Of its destination.</summary>
    public int Index => index;

    public long BeganAt { get; private set; }

    /// <summary>When its head or its failure had come, where the other one was waited for then; else 0.</summary>
    public long EndedAt { get; private set; }

    /// <summary>What it says of its destination that it ended then; nothing where it was cut off, by whomever.</summary>
    public AttemptEnd End { get; private set; }

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

    /// <summary>Its head or its failure has come.</summary>
    public void HasEnded(TimeProvider clock)
    {
        EndedAt = clock.GetTimestamp();
        if (Sending.IsCompletedSuccessfully) End = IsGood ? AttemptEnd.Good : AttemptEnd.Unavailable;
        else if (cancellation.IsCancellationRequested) End = AttemptEnd.Unjudged;
        else if (Sending.IsCanceled) End = AttemptEnd.NotConnected; // nobody has cancelled it: the time to connect has passed
        else End = AttemptEnds.OfFailed(Sending.Exception?.InnerException);
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
