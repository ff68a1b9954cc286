using System.Globalization;
using Gatehouse.Pipeline;
using Gatehouse.Routes;
using Gatehouse.Telemetry;

namespace Gatehouse.Policies.Overload;

/// <summary>Every listener has it: when things are at their worst, even finding a route costs too much.</summary>
internal sealed class FirstLookKind() : ListenerPolicyKind(OverloadKind.KindName)
{
    public override Policy Compile(Listener listener, CompileContext context) =>
        context.Shared(OverloadKind.KindName, () => new FirstLookPolicy(OverloadKind.ShortageOf(context.State), context.Meter));
}

/// <summary>
/// Refuses most of what comes before anything of it is looked at, when shedding by priority is not enough or there is no memory. Tells those who are
/// refused because the gateway is short, here or later, when to come again: not all at the same time.
/// </summary>
internal sealed class FirstLookPolicy(Shortage shortage, GatehouseMeter meter) : Policy
{
    private const int Spread = 4;
    private static readonly Verdict Shed = Verdict.Reject(Problems.Overloaded, "the gateway is so short that hardly anything is looked at");
    private readonly Tally _shed = meter.Shed("any");
    private uint _refused;

    public override string Name => OverloadKind.KindName;

    public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
    {
        if (shortage.TakesAny() || exchange.HeadFault is not null) return new(Verdict.Continue); // a faulty head is refused as such at once
        _shed.Add();
        return new(Shed);
    }

    public override void OnResponse(Exchange exchange)
    {
        if (!ReferenceEquals(exchange.Problem, Problems.Overloaded)) return;
        var seconds = 1 + (Interlocked.Increment(ref _refused) % Spread);
        exchange.ResponseHeaders.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
    }
}
