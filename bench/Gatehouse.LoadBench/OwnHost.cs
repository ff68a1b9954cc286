using Gatehouse.Hosting;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Record;
using Gatehouse.Telemetry;

namespace Gatehouse.LoadBench;

/// <summary>
/// Serves a declaration as the product does, but for what is told of exchanges: no declaration can leave that out, so this host takes the policy that
/// tells out of the compiled listener. In its place stands one that does nothing, or writes the line of the access log and counts nothing.
/// </summary>
internal static class OwnHost
{
    /// <summary>Nothing is told.</summary>
    public const string Nothing = "nothing";

    /// <summary>Only the access log is written.</summary>
    public const string Line = "line";

    /// <summary>What the declaration says.</summary>
    public const string AsDeclared = "as-declared";

    /// <param name="told">One of the constants.</param>
    /// <param name="log">The file of the access log where only that is written.</param>
    public static async Task<int> ServeAsync(string declaration, string told, string log)
    {
        using var sink = told == Line ? BufferedLineSink.ToFile(log) : null;
        await using var gateway = await GatewayHost.StartAsync(new GatewayOptions
        {
            DeclarationPath = declaration,
            AccessLog = told == AsDeclared ? null : (LineSink?)sink ?? new NoLines(),
        });
        if (told != AsDeclared) Replace(gateway.Activation.Current.Listeners[0].BeforeRoute, sink is null ? new Silence() : new LineAlone(sink));
        await gateway.Expired; // until it is killed
        return 0;
    }

    private static void Replace(Policy[] policies, Policy by)
    {
        var at = Array.FindIndex(policies, p => p is RecordPolicy);
        policies[at] = at >= 0 ? by : throw new InvalidOperationException("nothing is told here");
    }

    private sealed class Silence : Policy
    {
        public override string Name => RecordKind.KindName;
    }

    private sealed class LineAlone(LineSink log) : Policy
    {
        public override string Name => RecordKind.KindName;

        public override void OnFinished(Exchange exchange) =>
            log.Write(AccessLine.Of(exchange, TimeProvider.System, TimeProvider.System.GetElapsedTime(exchange.StartedAt)));
    }
}
