using Gatehouse.Telemetry;

namespace Gatehouse.Upstreams;

/// <summary>Tells the operator what has changed about an upstream: an event and a count for each change, off the data path.</summary>
/// <param name="events">Null when nothing is served.</param>
internal sealed class UpstreamNews(string upstream, EventWriter? events, GatehouseMeter? meter)
{
    public void Down(Destination destination, string why, int times) =>
        Tell("down", FormattableString.Invariant($"{destination.Text} is down: {why}, asked {times} {(times == 1 ? "time" : "times in a row")}"));

    public void Up(Destination destination) => Tell("up", $"{destination.Text} is up again");

    public void Ejected(Destination destination, TimeSpan time, int failures, AttemptEnd last) => Tell(
        "ejected", $"{destination.Text} is left out for {Seconds(time)}: {failures} failures in a row, the last {last.Say()}");

    public void Returned(Destination destination) => Tell("returned", $"{destination.Text} is tried again");

    public void Opened(TimeSpan pause, string why) => Tell("opened", $"its circuit is open for {Seconds(pause)}: {why}");

    public void HalfOpened() => Tell("half-opened", "its circuit is half open: a few calls are let through");

    public void Closed() => Tell("closed", "its circuit is closed again");

    /// <summary>No connection came about because of TLS: told as what it is for security, each destination once in a while.</summary>
    public void TlsFailed(Destination destination)
    {
        events?.Security?.TellOnce(
            SecurityEvent.UpstreamTls, destination.Hash, new SecurityFacts { Upstream = upstream, Destination = destination.Text });
    }

    private static string Seconds(TimeSpan time) => FormattableString.Invariant($"{time.TotalSeconds:0.#} s");

    private void Tell(string change, string text)
    {
        meter?.UpstreamChanges(upstream, change).Add();
        if (events is null) return;
        // whoever reads the events may be slow: an exchange does not wait for that
        var told = (Events: events, Text: $"upstream '{upstream}': {text}");
        ThreadPool.UnsafeQueueUserWorkItem(static told => told.Events.Write(told.Text), told, preferLocal: false);
    }
}
