using Gatehouse.Hosting;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Intake;
using Gatehouse.Policies.Loop;
using Gatehouse.Policies.Record;
using Gatehouse.Policies.Streams;
using Gatehouse.Policies.Throttle;
using Gatehouse.Routes;
using Gatehouse.Telemetry;

namespace Gatehouse.LoadBench;

/// <summary>
/// Serves a declaration as the product does, but for what no declaration can leave out: this host takes policies out of the compiled listener. In the
/// place of the one that tells of exchanges stands one that does nothing, or writes the line of the access log and counts nothing; in the places of
/// those of strict intake, one that takes requests as the server reads them and such that do nothing.
/// </summary>
internal static class OwnHost
{
    /// <summary>Nothing is told.</summary>
    public const string Nothing = "nothing";

    /// <summary>Only the access log is written.</summary>
    public const string Line = "line";

    /// <summary>What the declaration says.</summary>
    public const string AsDeclared = "as-declared";

    /// <summary>The listener on which requests are taken as the server reads them; their bytes are watched all the same.</summary>
    public const string Unjudged = "unjudged";

    /// <summary>The listener on which requests are taken as the server reads them, and nobody looks at their bytes.</summary>
    public const string Unwatched = "unwatched";

    private static readonly (string, string)[] AsTheProgram = [.. Suites.OurSettings, ("DOTNET_TC_CallCountingDelayMs", "A")];

    public static Contender Of(string name, int port, string declaration, string how, string log) =>
        new(name, port, [Programs.Yarp, "serve-gatehouse", declaration, how, log]) { Environment = AsTheProgram };

    /// <param name="how">What is told: one of the constants.</param>
    /// <param name="log">The file of the access log where only that is written.</param>
    public static async Task<int> ServeAsync(string declaration, string how, string log)
    {
        using var sink = how == Line ? BufferedLineSink.ToFile(log) : null;
        await using var gateway = await GatewayHost.StartAsync(new GatewayOptions
        {
            DeclarationPath = declaration,
            AccessLog = sink is not null ? sink : how == Nothing ? new NoLines() : null,
            Unwatched = Unwatched,
        });
        foreach (var listener in gateway.Activation.Current.Listeners) Loosen(listener.Listener, listener.BeforeRoute, how, sink);
        await gateway.Expired; // until it is killed
        return 0;
    }

    private static void Loosen(Listener listener, Policy[] policies, string how, LineSink? sink)
    {
        if (how == Nothing) Replace<RecordPolicy>(policies, new Idle());
        if (sink is not null) Replace<RecordPolicy>(policies, new LineAlone(sink));
        if (listener.Name is not (Unjudged or Unwatched)) return;
        Replace<IntakePolicy>(policies, new BareIntake(listener));
        Replace<LoopPolicy>(policies, new Idle());
        Replace<StreamsPolicy>(policies, new Idle());
        Replace<ThrottlePolicy>(policies, new Idle());
    }

    private static void Replace<T>(Policy[] policies, Policy by)
        where T : Policy
    {
        var at = Array.FindIndex(policies, p => p is T);
        policies[at] = at >= 0 ? by : throw new InvalidOperationException($"there is no {typeof(T).Name} here");
    }

    private sealed class Idle : Policy
    {
        public override string Name => "idle";
    }

    private sealed class LineAlone(LineSink log) : Policy
    {
        public override string Name => RecordKind.KindName;

        public override void OnFinished(Exchange exchange) =>
            log.Write(AccessLine.Of(exchange, TimeProvider.System, TimeProvider.System.GetElapsedTime(exchange.StartedAt)));
    }

    /// <summary>Path, query and host as the server gives them, and the ids that backends are told.</summary>
    private sealed class BareIntake(Listener listener) : Policy
    {
        private readonly ServedHosts _hosts = new(listener);

        public override string Name => IntakeKind.KindName;

        public override ValueTask<Verdict> OnRequestAsync(Exchange exchange)
        {
            var request = exchange.Http.Request;
            exchange.Path = request.Path.Value!;
            exchange.Query = request.QueryString.Value!;
            TraceContext.Join(exchange, null);
            exchange.RequestHeaders["X-Request-Id"] = exchange.RequestId;
            if (!_hosts.TryFind(request.Host.Host, exchange.Http.Connection.LocalIpAddress, out var host))
                return new(Verdict.Reject(Problems.Misdirected, "the host is not served"));
            exchange.Host = host;
            return new(Verdict.Continue);
        }
    }
}
