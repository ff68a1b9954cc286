using System.Diagnostics.Metrics;

namespace Gatehouse.Telemetry.Otlp;

/// <summary>What is counted of one signal: spans, records of logs or points of metrics that were taken, and those that were lost.</summary>
internal sealed class OtlpTally
{
    /// <summary>There was no room: the collector is slow, or away.</summary>
    public const int Full = 0;

    /// <summary>The collector has said that it does not want them.</summary>
    public const int Refused = 1;

    /// <summary>The gateway stopped before they were taken.</summary>
    public const int Stopped = 2;

    /// <summary>Newer ones say the same and more.</summary>
    public const int Stale = 3;

    /// <summary>It has more than <see cref="ProtoBuffer.LongestRecord"/>.</summary>
    public const int TooLong = 4;

    private static readonly string[] Reasons = ["full", "refused", "stopped", "stale", "too-long"];
    private readonly Tally _sent = new();
    private readonly Tally[] _lost = [new(), new(), new(), new(), new()];

    public long Sent => _sent.Value;

    public long Lost => _lost[0].Value + _lost[1].Value + _lost[2].Value + _lost[3].Value + _lost[4].Value;

    public void AddSent(int records) => _sent.Add(records);

    /// <param name="reason">One of the constants.</param>
    public void AddLost(int reason, int records) => _lost[reason].Add(records);

    public static IEnumerable<Measurement<long>> ReadSent(IEnumerable<KeyValuePair<string, OtlpTally>> signals)
    {
        foreach (var (name, tally) in signals) yield return new(tally.Sent, new KeyValuePair<string, object?>("signal", name));
    }

    public static IEnumerable<Measurement<long>> ReadLost(IEnumerable<KeyValuePair<string, OtlpTally>> signals)
    {
        foreach (var (name, tally) in signals)
            for (var i = 0; i < Reasons.Length; i++)
                yield return new(tally._lost[i].Value, new("signal", name), new("reason", Reasons[i])); // those at 0 too: alarms see what increases
    }
}
