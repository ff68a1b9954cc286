using System.Diagnostics.Metrics;

namespace Gatehouse.Telemetry;

/// <summary>What is counted of a store that instances share.</summary>
internal sealed class StoreTally
{
    private static readonly string[] Outcomes = ["answered", "lost", "slow", "gone", "failed", "busy"];

    private readonly Tally[] _questions = [new(), new(), new(), new(), new(), new()];
    private readonly Tally _losses = new();
    private readonly Tally _finds = new();
    private bool _lost = true; // until it is found

    /// <summary>Calls that a limit counted alone.</summary>
    public Tally Alone { get; } = new();

    /// <param name="outcome">The place of the outcome in the list: answered, lost, slow, gone, failed, busy.</param>
    public void Question(int outcome) => _questions[outcome].Add();

    public void Lost()
    {
        Volatile.Write(ref _lost, true);
        _losses.Add();
    }

    public void Found()
    {
        Volatile.Write(ref _lost, false);
        _finds.Add();
    }

    public static IEnumerable<Measurement<double>> ReadLost(IEnumerable<KeyValuePair<string, StoreTally>> stores)
    {
        foreach (var (name, tally) in stores) yield return new(Volatile.Read(ref tally._lost) ? 1 : 0, Store(name));
    }

    public static IEnumerable<Measurement<long>> ReadChanges(IEnumerable<KeyValuePair<string, StoreTally>> stores)
    {
        foreach (var (name, tally) in stores)
        {
            yield return new(tally._losses.Value, Store(name), new("to", "lost"));
            yield return new(tally._finds.Value, Store(name), new("to", "found"));
        }
    }

    public static IEnumerable<Measurement<long>> ReadQuestions(IEnumerable<KeyValuePair<string, StoreTally>> stores)
    {
        foreach (var (name, tally) in stores)
            for (var i = 0; i < Outcomes.Length; i++)
                if (tally._questions[i].Value is > 0 and var count) yield return new(count, Store(name), new("outcome", Outcomes[i]));
    }

    public static IEnumerable<Measurement<long>> ReadAlone(IEnumerable<KeyValuePair<string, StoreTally>> stores)
    {
        foreach (var (name, tally) in stores) yield return new(tally.Alone.Value, Store(name));
    }

    private static KeyValuePair<string, object?> Store(string name) => new("store", name);
}
