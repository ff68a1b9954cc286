using Gatehouse.Telemetry;

namespace Gatehouse.Upstreams;

/// <summary>Where the further attempts of one upstream are counted, made and not made, each by its reason.</summary>
/// <param name="meter">Null where nobody measures.</param>
internal sealed class RepeatTallies(string upstream, GatehouseMeter? meter)
{
    /// <summary>Not a cause of a retry: the first destination was slow.</summary>
    public const RetryCauses Hedge = RetryCauses.None;

    public const int NoBudget = 0;
    public const int NoTime = 1;
    public const int AskedToWait = 2;
    public const int NoPlace = 3;

    private readonly Tally? _unavailable = meter?.Retries(upstream, "unavailable");
    private readonly Tally? _reset = meter?.Retries(upstream, "reset");
    private readonly Tally? _timeout = meter?.Retries(upstream, "timeout");
    private readonly Tally? _hedge = meter?.Retries(upstream, "hedge");
    private readonly Tally?[] _withheld =
    [
        meter?.RetriesWithheld(upstream, "budget"), meter?.RetriesWithheld(upstream, "deadline"), meter?.RetriesWithheld(upstream, "retry-after"),
        meter?.RetriesWithheld(upstream, "busy"),
    ];

    public void Sent(RetryCauses cause) => (cause switch
    {
        RetryCauses.Unavailable => _unavailable,
        RetryCauses.Reset => _reset,
        RetryCauses.Timeout => _timeout,
        _ => _hedge,
    })?.Add();

    /// <param name="why">One of the constants.</param>
    public void Withheld(int why) => _withheld[why]?.Add();
}
