using System.Net;
using System.Security.Cryptography;
using Gatehouse.Admin;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Declaration;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Overload;
using Gatehouse.Routes;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;
using Gatehouse.Telemetry.Otlp;
using Microsoft.AspNetCore.Hosting;

namespace Gatehouse.Hosting;

/// <summary>A gateway with its sockets, its watch and its access log, from its start to its end.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    private static readonly IntakeLimits OperatorLimits = new() { Connections = 100 };

    /// <summary>How long a start waits for a store of keys and suspensions; after that it serves what it knows.</summary>
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _clock;
    private readonly EventWriter _events;
    private readonly GatehouseMeter _meter = new();
    private readonly StateStore _state = new();
    private readonly BufferedLineSink? _ownLog;
    private readonly OtlpShipping? _shipping;
    private readonly DrainState _drain = new();
    private readonly UnderWay _underWay = new();
    private readonly PastExchanges _past;
    private readonly DeclarationWatch _watch;
    private readonly RevocationFetch _lists;
    private readonly UpstreamWatch _upstreams;
    private readonly MetricsPage _metrics;
    private readonly Dictionary<string, ListeningServer> _listeners = new(StringComparer.Ordinal);
    private readonly List<ListeningServer> _operatorServers = [];
    private readonly LastGood? _lastGood;
    private readonly TaskCompletionSource _expired = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Heartbeat? _heartbeat;
    private readonly AuditTrail? _trail;
    private readonly ActivationTrail? _activations;
    private readonly string? _unwatched;
    private readonly CancellationTokenSource _hurry = new(); // never disposed of: it has no timer, and who hurries may come late
    private readonly Lazy<Task> _drained;
    private SourceFiles? _first;
    private ITimer? _expiry;
    private bool _ended;

    internal RunningGateway(FirstDeclaration start, GatewayOptions options)
    {
        var first = start.Loaded;
        _clock = options.Clock;
        _unwatched = options.Unwatched;
        _drained = new Lazy<Task>(DrainAsync);
        _past = new PastExchanges(_clock);
        _events = new EventWriter(options.Events, _clock);
        var definition = first.Definition!;
        if (options.AccessLog is null) _ownLog = OpenLog(definition.AccessLog);
        _shipping = OpenShipping(definition);
        _meter.AccessLog = Shipped(options.AccessLog ?? _ownLog!);
        _events.Security = SecurityOf(definition);
        if (definition.Trail is { } declared)
        {
            _trail = TrailOpening.Open(
                declared, definition, _events, _meter, _clock, _shipping?.Logs("gatehouse.audit"),
                () => Activation is null or { Current: not { ClockIsInStep: false } });
            _activations = new ActivationTrail(_trail, _clock);
        }

        var compiler = new SnapshotCompiler(_clock, _state, _meter.AccessLog, _meter, options.Kinds, _events, _trail)
        {
            Spans = _shipping?.Spans,
            Past = _past,
        };
        Activation = new Activation(first, compiler, _state)
        {
            Record = _activations is { } activations ? activations.Record : null,
        };
        Activation.Swapped += Tell;
        _lists = new RevocationFetch(Activation, _events, _clock);
        _upstreams = new UpstreamWatch(Activation, _meter, _clock);
        _meter.CertificateEnds = () => CertificateEnds.Of(Activation.Current, _clock.GetUtcNow());
        _metrics = new MetricsPage(_meter, definition, _shipping);
        (_lastGood, _first) = (start.LastGood, start.Files);
        _meter.UnderWay = () => _underWay.Count;
        _meter.LastGoodAge = () => _lastGood?.Age;
        var source = new WatchSource(start.Load, options.Files, options.WatchEvery, _lastGood, _activations);
        _watch = new DeclarationWatch(source, start.Watched, Activation, _events, _meter, _clock);
        if (options.HasHeartbeat) _heartbeat = new Heartbeat(OverloadKind.ShortageOf(_state), Activation, _underWay, _events, _meter);
        foreach (var finding in first.Findings) _events.Write(finding.ToString());
    }

    public Activation Activation { get; }

    /// <summary>The address of the administration listener.</summary>
    public IPEndPoint Administration => _operatorServers[0].Address;

    /// <summary>The address of the health listener, when the declaration has one.</summary>
    public IPEndPoint? Health => _operatorServers.Count > 1 ? _operatorServers[1].Address : null;

    /// <summary>Done once what is served is the last good declaration and that has become too old: it is time to stop.</summary>
    public Task Expired => _expired.Task;

    /// <summary>What is, or was last, being opened: for the message when it fails.</summary>
    internal string Opening { get; private set; } = "";

    /// <summary>The address of a data listener: the real port when the declaration says 0.</summary>
    public IPEndPoint AddressOf(string listener) => _listeners[listener].Address;

    /// <summary>Looks at the declaration's files now; what has changed is activated or refused.</summary>
    public Task<ActivationResult> ReloadAsync(CancellationToken cancel) => _watch.LookNowAsync(cancel);

    /// <summary>Opens the access log anew, after a rotation has renamed it.</summary>
    public void ReopenAccessLog() => _ownLog?.Reopen();

    /// <summary>
    /// Drains: readiness fails, new connections are served for a while with <c>Connection: close</c>, then listening stops and what is in
    /// flight finishes. Health and metrics answer until the end. Whoever asks once more waits for the same end.
    /// </summary>
    /// <param name="hurry">Cuts both short.</param>
    public async Task StopAsync(CancellationToken hurry)
    {
        if (_ended) return;
        await using var hurrying = hurry.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _hurry);
        await _drained.Value;
    }

    /// <summary>Stops at once, unless <see cref="StopAsync"/> has come to its end, and writes what is left of the access log.</summary>
    public async ValueTask DisposeAsync()
    {
        _drain.Announce();
        await _hurry.CancelAsync();
        if (_drained.IsValueCreated) await _drained.Value.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _watch.DisposeAsync();
        await _lists.DisposeAsync();
        await _upstreams.DisposeAsync();
        foreach (var server in _listeners.Values.Concat(_operatorServers))
        {
            if (!_drained.IsValueCreated) await server.StopAsync(new CancellationToken(canceled: true));
            await server.DisposeAsync();
        }

        _ended = true;
        if (_expiry is not null) await _expiry.DisposeAsync();
        _heartbeat?.Dispose();
        _state.Dispose(); // what is counted is written down
        _trail?.Dispose(); // after the last exchange: its end is written down too
        _metrics.Dispose();
        if (_shipping is not null) await _shipping.DisposeAsync(); // what it loses is counted, and what is counted is told once more before
        _meter.Dispose();
        _ownLog?.Dispose();
    }

    internal async Task ListenAsync(CancellationToken cancel)
    {
        var definition = Activation.Current.Definition;
        if (_trail is not null) await _trail.Begun; // where it cannot be opened, it is tried again, and until then nothing is changed
        await _lists.StartAsync(cancel);
        if (Activation.Current.Register is { } register)
            await register.FirstLook.WaitAsync(FirstLook, _clock, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _upstreams.Start();
        for (var i = 0; i < Activation.Current.Listeners.Count; i++)
        {
            var listener = Activation.Current.Listeners[i].Listener;
            Opening = $"listener '{listener.Name}' on {listener.Address}";
            var clients = new ClientAdmission(listener.Name, _events, _meter, _clock);
            var application = new GatewayApplication(i, Activation, clients, _drain, _underWay, _clock);
            _listeners[listener.Name] = await ListeningServer.StartAsync(PlanOf(listener, i, application, clients), application, cancel);
        }

        Opening = $"administration on {definition.Administration.Address}";
        var health = new HealthPage(Activation, () => _drain.IsAnnounced, () => _lastGood?.InUse);
        var pages = new AdminApplication(health, _metrics, KeySet, detailed: true, new ExplainPage(_past));
        await ListenAsync(definition.Administration.Address, pages, cancel);
        Opening = $"health on {definition.Health}";
        if (definition.Health is { } address) await ListenAsync(address, new AdminApplication(health, null, null, detailed: false), cancel);
        if (_first is not null) _lastGood?.Keep(_first); // not before: what cannot be compiled or listened for was never in force
        _first = null;
        foreach (var (name, server) in _listeners) _events.Write($"listener '{name}' serves on {server.Address}");
        _events.Write($"administration on {Administration}; revision 1 is in force, fingerprint {definition.Fingerprint}");
        _activations?.Begun(Activation.Current);
        _metrics.PrepareSoon(_clock);
        if (_lastGood?.InUse is { } kept) ExpireAt(kept.Until);
        _watch.Start(); // it keeps, too: never while something else does
    }

    private async Task DrainAsync()
    {
        var drain = Activation.Current.Definition.Drain;
        _drain.Announce();
        _events.Write($"stopping: announced for {drain.Announce.TotalSeconds:0.#} s, then up to {drain.Finish.TotalSeconds:0.#} s for what is in flight");
        await Task.Delay(drain.Announce, _clock, _hurry.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var late = new CancellationTokenSource(drain.Finish, _clock);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _hurry.Token);
        await Task.WhenAll(_listeners.Values.Select(s => s.StopAsync(end.Token)));
        await Task.WhenAll(_operatorServers.Select(s => s.StopAsync(new CancellationToken(canceled: true))));
        _events.Write(end.IsCancellationRequested ? "stopped; what was not finished was cut" : "stopped");
    }

    private void ExpireAt(DateTimeOffset end)
    {
        var left = end - _clock.GetUtcNow();
        _expiry = _clock.CreateTimer(_ => Expire(), null, left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private void Expire()
    {
        if (_lastGood?.InUse is null) return;
        _events.Write("the last good declaration is too old now, and the declaration still cannot be served: the gateway stops");
        _expired.TrySetResult();
    }

    private async Task ListenAsync(IPEndPoint address, AdminApplication application, CancellationToken cancel) =>
        _operatorServers.Add(await ListeningServer.StartAsync(new ListeningPlan(address, Protocols.Http1, OperatorLimits), application, cancel));

    private byte[]? KeySet() => Activation.Current.Definition.Assertions?.KeySet;

    private ListeningPlan PlanOf(Listener listener, int index, GatewayApplication application, ClientAdmission clients)
    {
        var watches = listener.Name != _unwatched;
        var gate = new ConnectionGate(index, listener.Tls is not null, Activation, _meter, _events, _clock, _trail);
        return new ListeningPlan(listener.Address, listener.Protocols, listener.Intake)
        {
            Tls = listener.Tls is not null,
            Connections = listen =>
            {
                listen.Use(gate.Before);
                if (watches) listen.Use(new StallWatch(index, Activation, _clock).Before);
                if (listener.Tls is not null)
                {
                    listen.UseHttps(new ListenerTls(index, Activation, clients).Options());
                    listen.Use(ListenerTls.After);
                }

                if (!watches) return;
                if (listener.Protocols.HasFlag(Protocols.Http2))
                    listen.Use(new FrameWatch(index, listener.Protocols, Activation, gate.StreamRefused, _clock).Before);
                if (listener.Protocols.HasFlag(Protocols.Http1)) listen.Use(WatchedInput.Before);
            },
            Refused = application.RecordRefused,
            Ended = gate.Ended,
        };
    }

    /// <summary>What is told goes on as the next declaration says.</summary>
    private void Tell(GatewaySnapshot next)
    {
        _shipping?.Use(next.Definition.Telemetry.Otlp?.Headers ?? []);
        _events.Security?.Use(next.Definition.Pepper is { } pepper ? pepper.Bytes : default, next.Definition.Telemetry.Security);
    }

    private OtlpShipping? OpenShipping(GatewayDefinition definition)
    {
        if (definition.Telemetry.Otlp is not { } settings) return null;
        var version = typeof(RunningGateway).Assembly.GetName().Version?.ToString(3);
        var resource = OtlpResource.Of(definition.Name, definition.Environment, OtlpShipping.NewInstance(), version);
        return new OtlpShipping(settings, resource, _meter, _events, _clock);
    }

    private LineSink Shipped(LineSink own) => _shipping?.Logs("gatehouse.access") is { } logs ? new BothLines(own, logs) : own;

    /// <summary>Digests mean the same in every instance and after every start, where there is a secret that they have in common.</summary>
    private SecurityEvents SecurityOf(GatewayDefinition definition) =>
        new(_events, _meter, _clock, definition.Pepper?.Bytes ?? RandomNumberGenerator.GetBytes(32), definition.Telemetry.Security)
        {
            Shipped = _shipping?.Logs("gatehouse.security", OtlpSeverity.Warning),
        };

    private BufferedLineSink OpenLog(string? path) =>
        path is null ? BufferedLineSink.ToStandardOutput(Failing) : BufferedLineSink.ToFile(path, Failing);

    private void Failing(Exception e) => _events.Write($"the access log cannot be written ({Show.Bounded(e.Message)}); it is tried again, and lines that do not fit are dropped");
}
