using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Gatehouse.Telemetry.Otlp;

namespace Gatehouse.Telemetry;

/// <summary>
/// The closed list of instruments, under the meter <c>Gatehouse</c>. The data path adds to counters of its own (one interlocked addition), which are
/// read when somebody asks. Labels come from the declaration and from closed lists, never from a client. One for each gateway in the process.
/// </summary>
internal sealed class GatehouseMeter : IDisposable
{
    public const string Name = "Gatehouse";

    /// <summary>The route of an exchange that found none.</summary>
    public const string NoRoute = "none";

    /// <summary>
    /// Routes of a declaration that are timed each: a histogram is sixteen series for a route, and what reads them has to hold all. With more routes
    /// each api is timed as one; the counters go by route all the same.
    /// </summary>
    public const int MostTimedRoutes = 1_000;

    /// <summary>What becomes of a reload.</summary>
    public static readonly IReadOnlyList<string> ReloadOutcomes = ["activated", "unchanged", "refused", "unrecorded", "needs-restart", "failed"];

    /// <summary>The priorities of routes by which exchanges are shed, and what is shed whatever its priority.</summary>
    public static readonly IReadOnlyList<string> ShedPriorities = ["low", "normal", "high", "any"];

    private readonly Meter _meter;
    private readonly ConcurrentDictionary<(string Listener, string Route), ExchangeTally> _exchanges = new();
    private readonly ConcurrentDictionary<(string Problem, string Policy), Tally> _refusals = new();
    private readonly ConcurrentDictionary<(string Listener, string Reason), Tally> _connections = new();
    private readonly ConcurrentDictionary<string, Tally> _reloads = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Issuer, string Outcome), Tally> _keyFetches = new();
    private readonly ConcurrentDictionary<(string Listener, string Within), Tally> _ending = new();
    private readonly ConcurrentDictionary<(string Listener, string What), Tally> _guesses = new();
    private readonly ConcurrentDictionary<(string Listener, string Reason), Tally> _cut = new();
    private readonly ConcurrentDictionary<(string Upstream, string Change), Tally> _upstreamChanges = new();
    private readonly ConcurrentDictionary<(string Upstream, string Cause), Tally> _retries = new();
    private readonly ConcurrentDictionary<(string Upstream, string Reason), Tally> _withheld = new();
    private readonly ConcurrentDictionary<(string Upstream, string Outcome), Tally> _mirrors = new();
    private readonly ConcurrentDictionary<(string Upstream, string Change), Tally> _canaries = new();
    private readonly ConcurrentDictionary<string, Tally> _softened = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, StoreTally> _stores = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Tally> _shed = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Tally> _security = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, OtlpTally> _shipped = new(StringComparer.Ordinal);

    /// <summary>What is counted of the audit trail.</summary>
    public AuditTally Audit { get; } = new();

    public GatehouseMeter()
    {
        _meter = new Meter(new MeterOptions(Name) { Scope = this });
        _meter.CreateObservableCounter("gatehouse.exchanges", ReadExchanges, null, "Exchanges by listener, route and class of status.");
        Durations = _meter.CreateHistogram<double>("gatehouse.exchange.duration", "s", "From the request's head to the response's end; beyond 1,000 routes by api, as in `orders/*`.");
        _meter.CreateObservableCounter("gatehouse.refusals", ReadRefusals, null, "Exchanges refused by the gateway, by problem and by the policy or stage that decided.");
        _meter.CreateObservableCounter("gatehouse.limits.refused", () => ReadTallies(static t => t.LimitsRefused), null,
            "Exchanges refused because a limit was reached.");
        _meter.CreateObservableCounter("gatehouse.limits.reported", () => ReadTallies(static t => t.LimitsReported), null,
            "Exchanges that a limit or a quota would have refused, if it did not only report.");
        _meter.CreateObservableCounter("gatehouse.quotas.refused", () => ReadTallies(static t => t.QuotasRefused), null,
            "Exchanges refused because a quota was used up.");
        _meter.CreateObservableCounter("gatehouse.accesslog.dropped", () =>
            AccessLog?.Dropped ?? 0, null, "Lines of the access log that were dropped.");
        _meter.CreateObservableCounter("gatehouse.connections.cut", ReadCut, null, "Connections of slow, idle or greedy clients that were ended.");
        _meter.CreateObservableCounter("gatehouse.throttle.events", ReadGuesses, null, "Times that somebody began to guess.");
        _meter.CreateObservableCounter("gatehouse.reloads", ReadReloads, null, "Reloads of the declaration by outcome.");
        _meter.CreateObservableCounter("gatehouse.policies.faults", () => FaultsAtEnd.Value, null, "Policies that threw when an exchange was over.");
        _meter.CreateObservableCounter("gatehouse.issuers.fetches", ReadKeyFetches, null, "Fetches of the keys of issuers, by outcome.");
        _meter.CreateObservableCounter("gatehouse.overload.shed", ReadShed, null, "Exchanges refused because the gateway was short, by priority.");
        _meter.CreateObservableGauge("gatehouse.overload.delay", () =>
            OwnDelay?.Invoke().TotalSeconds ?? 0, "s", "How long the gateway's own work waited, when it was last looked at.");
        _meter.CreateObservableGauge("gatehouse.exchanges.underway", () => UnderWay?.Invoke() ?? 0, null, "Exchanges that are under way.");
        _meter.CreateObservableGauge("gatehouse.memory.live", () =>
            LiveBytes, "By", "What the last collection of the runtime found in use of its heap.");
        _meter.CreateObservableGauge("gatehouse.lastgood.age", ReadLastGood, "s",
            "While a kept declaration is served in the place of one that cannot be read: how old it is.");
        _meter.CreateObservableCounter("gatehouse.connections.refused", ReadConnections, null, "Connections closed before a request was read.");
        _meter.CreateObservableGauge("gatehouse.certificates.remaining", ReadCertificates, "s",
            "Time until a listener's certificate, the first of its clients' authorities or of their revocation lists ends.");
        _meter.CreateObservableCounter("gatehouse.certificates.ending", ReadEnding, null,
            "Handshakes with a client certificate that ends within a day, a week or 30 days.");
        _meter.CreateObservableCounter("gatehouse.certificates.unchecked", ReadSoftened, null,
            "Client certificates that passed without a current revocation list, as declared.");
        _meter.CreateObservableCounter("gatehouse.upstreams.changes", ReadUpstreamChanges, null,
            "Times that a destination went or came back, or an upstream's circuit changed.");
        _meter.CreateObservableGauge("gatehouse.upstreams.usable", () => UpstreamsUsable?.Invoke() ?? [], null,
            "Whether a destination may be chosen: 1, or 0.");
        _meter.CreateObservableCounter("gatehouse.retries", () => Read(_retries, "cause"), null,
            "Requests sent again to an upstream, or to a second destination, by cause.");
        _meter.CreateObservableCounter("gatehouse.retries.withheld", () => Read(_withheld, "reason"), null,
            "Requests that were not sent again although they might have been, by reason.");
        _meter.CreateObservableCounter("gatehouse.mirrors", () => Read(_mirrors, "outcome"), null,
            "Copies of requests for an upstream whose answers nobody reads, by outcome.");
        _meter.CreateObservableCounter("gatehouse.canaries.changes", () => Read(_canaries, "change"), null,
            "Times that an upstream's part of the calls was taken from it or given back.");
        _meter.CreateObservableGauge("gatehouse.upstreams.open", () => CircuitsOpen?.Invoke() ?? [], null,
            "Whether an upstream's calls are refused because too many have failed: 1, or 0.");
        Audit.Register(_meter);
        Register = new RegisterTally(_meter);
        MeasureOthers();
        Http = new HttpInstruments(_meter);
        BeginAtZero();
    }

    /// <summary>Instruments by the semantic conventions of HTTP.</summary>
    public HttpInstruments Http { get; }

    /// <summary>What is measured of the register of keys and suspensions.</summary>
    public RegisterTally Register { get; }

    /// <summary>The sink whose dropped lines are reported.</summary>
    public LineSink? AccessLog { get; set; }

    /// <summary>Says for how long certificates and lists are still good.</summary>
    public Func<IEnumerable<Measurement<double>>>? CertificateEnds { get; set; }

    /// <summary>Says which destinations may be chosen.</summary>
    public Func<IEnumerable<Measurement<long>>>? UpstreamsUsable { get; set; }

    /// <summary>Says which circuits are open.</summary>
    public Func<IEnumerable<Measurement<long>>>? CircuitsOpen { get; set; }

    /// <summary>Exchanges refused because the gateway was short.</summary>
    public long ShedInAll => _shed.Values.Sum(t => t.Value);

    /// <summary>Says how long the gateway's own work waits.</summary>
    public Func<TimeSpan>? OwnDelay { get; set; }

    /// <summary>Says how many exchanges are under way.</summary>
    public Func<long>? UnderWay { get; set; }

    /// <summary>Bytes of the heap that the last collection found in use.</summary>
    public long LiveBytes { get; set; }

    /// <summary>Says how old the kept declaration is that is served; null while none is.</summary>
    public Func<TimeSpan?>? LastGoodAge { get; set; }

    /// <summary>Policies that threw when an exchange was over: the exchange is what it is, but what they had to do then was not done.</summary>
    public Tally FaultsAtEnd { get; } = new();

    internal Histogram<double> Durations { get; }

    /// <summary>Whether an instrument belongs to this gateway, and not to another in the same process.</summary>
    public bool Owns(Instrument instrument) => ReferenceEquals(instrument.Meter, _meter);

    /// <summary>The counters of one route on one listener; they survive reloads.</summary>
    public ExchangeTally Exchanges(string listener, string route) =>
        _exchanges.GetOrAdd((listener, route), static (key, meter) => new ExchangeTally(meter, key.Listener, key.Route), this);

    /// <param name="problem">A problem's name.</param>
    /// <param name="policy">Who decided: a policy's name or a stage's.</param>
    public Tally Refusals(string problem, string policy) => _refusals.GetOrAdd((problem, policy), static _ => new Tally());

    /// <param name="name">A constant text.</param>
    public Tally SecurityEvents(string name) => _security.GetOrAdd(name, static _ => new Tally());

    /// <param name="signal">A constant text.</param>
    public OtlpTally Shipped(string signal) => _shipped.GetOrAdd(signal, static _ => new OtlpTally());

    /// <param name="reason">A constant text.</param>
    public Tally RefusedConnections(string listener, string reason) => _connections.GetOrAdd((listener, reason), static _ => new Tally());

    /// <param name="reason">A constant text.</param>
    public Tally CutConnections(string listener, string reason) => _cut.GetOrAdd((listener, reason), static _ => new Tally());

    /// <param name="what">A constant text.</param>
    public Tally Guesses(string listener, string what) => _guesses.GetOrAdd((listener, what), static _ => new Tally());

    /// <param name="within">A constant text.</param>
    public Tally EndingCertificates(string listener, string within) => _ending.GetOrAdd((listener, within), static _ => new Tally());

    /// <param name="store">A store's name: a constant text.</param>
    public StoreTally Store(string store) => _stores.GetOrAdd(store, static _ => new StoreTally());

    public Tally SoftenedCertificates(string listener) => _softened.GetOrAdd(listener, static _ => new Tally());

    /// <param name="change">A constant text.</param>
    public Tally UpstreamChanges(string upstream, string change) => _upstreamChanges.GetOrAdd((upstream, change), static _ => new Tally());

    /// <param name="cause">A constant text.</param>
    public Tally Retries(string upstream, string cause) => _retries.GetOrAdd((upstream, cause), static _ => new Tally());

    /// <param name="reason">A constant text.</param>
    public Tally RetriesWithheld(string upstream, string reason) => _withheld.GetOrAdd((upstream, reason), static _ => new Tally());

    /// <param name="outcome">A constant text.</param>
    public Tally Mirrors(string upstream, string outcome) => _mirrors.GetOrAdd((upstream, outcome), static _ => new Tally());

    /// <param name="change">A constant text.</param>
    public Tally CanaryChanges(string upstream, string change) => _canaries.GetOrAdd((upstream, change), static _ => new Tally());

    /// <param name="priority">A constant text.</param>
    public Tally Shed(string priority) => _shed.GetOrAdd(priority, static _ => new Tally());

    /// <param name="outcome">A constant text.</param>
    public Tally Reloads(string outcome) => _reloads.GetOrAdd(outcome, static _ => new Tally());

    /// <param name="outcome">A constant text.</param>
    public Tally KeyFetches(string issuer, string outcome) => _keyFetches.GetOrAdd((issuer, outcome), static _ => new Tally());

    public void Dispose() => _meter.Dispose();

    /// <summary>What is said of stores, of security and of what is shipped.</summary>
    private void MeasureOthers()
    {
        _meter.CreateObservableGauge("gatehouse.stores.lost", () => StoreTally.ReadLost(_stores), null,
            "1 while a shared store is lost and this instance counts alone, else 0.");
        _meter.CreateObservableCounter("gatehouse.stores.changes", () => StoreTally.ReadChanges(_stores), null,
            "Times that a shared store was lost, and that it was found again.");
        _meter.CreateObservableCounter("gatehouse.stores.questions", () => StoreTally.ReadQuestions(_stores), null,
            "Questions to a shared store, by outcome.");
        _meter.CreateObservableCounter("gatehouse.limits.alone", () => StoreTally.ReadAlone(_stores), null,
            "Calls that a shared limit counted alone, because its store could not be asked.");
        _meter.CreateObservableCounter("gatehouse.security.events", ReadSecurity, null, "Security events, by event.");
        _meter.CreateObservableCounter("gatehouse.telemetry.sent", () => OtlpTally.ReadSent(_shipped), null,
            "Spans, points of metrics and records of logs that the collector has taken.");
        _meter.CreateObservableCounter("gatehouse.telemetry.lost", () => OtlpTally.ReadLost(_shipped), null,
            "Spans, points of metrics and records of logs that the collector was not sent or has refused, by reason.");
    }

    /// <summary>
    /// Counts what alarms are about from 0 on: a series that begins with its first event has not increased, and no alarm hears of that event.
    /// </summary>
    private void BeginAtZero()
    {
        foreach (var kind in SecurityEvent.All) SecurityEvents(kind.Name);
        foreach (var outcome in ReloadOutcomes) Reloads(outcome);
        foreach (var priority in ShedPriorities) Shed(priority);
    }

    private static IEnumerable<Measurement<long>> Read(ConcurrentDictionary<(string Upstream, string Label), Tally> counts, string label)
    {
        foreach (var (key, tally) in counts) yield return new(tally.Value, new("upstream", key.Upstream), new(label, key.Label));
    }

    private IEnumerable<Measurement<long>> ReadExchanges()
    {
        foreach (var tally in _exchanges.Values)
        {
            for (var statusClass = 0; statusClass < ExchangeTally.StatusClasses.Count; statusClass++)
            {
                if (tally.Count(statusClass) is not (> 0 and var count)) continue;
                yield return new(
                    count, new("listener", tally.Listener), new("route", tally.Route), new("status", ExchangeTally.StatusClasses[statusClass]));
            }
        }
    }

    private IEnumerable<Measurement<long>> ReadTallies(Func<ExchangeTally, long> of)
    {
        foreach (var tally in _exchanges.Values)
            if (of(tally) is > 0 and var count) yield return new(count, new("listener", tally.Listener), new("route", tally.Route));
    }

    private IEnumerable<Measurement<long>> ReadRefusals()
    {
        foreach (var (key, tally) in _refusals) yield return new(tally.Value, new("problem", key.Problem), new("policy", key.Policy));
    }

    private IEnumerable<Measurement<long>> ReadReloads()
    {
        foreach (var (outcome, tally) in _reloads) yield return new(tally.Value, new KeyValuePair<string, object?>("outcome", outcome));
    }

    private IEnumerable<Measurement<long>> ReadKeyFetches()
    {
        foreach (var (key, tally) in _keyFetches) yield return new(tally.Value, new("issuer", key.Issuer), new("outcome", key.Outcome));
    }

    private IEnumerable<Measurement<long>> ReadConnections()
    {
        foreach (var (key, tally) in _connections) yield return new(tally.Value, new("listener", key.Listener), new("reason", key.Reason));
    }

    private IEnumerable<Measurement<long>> ReadCut()
    {
        foreach (var (key, tally) in _cut) yield return new(tally.Value, new("listener", key.Listener), new("reason", key.Reason));
    }

    private IEnumerable<Measurement<long>> ReadGuesses()
    {
        foreach (var (key, tally) in _guesses) yield return new(tally.Value, new("listener", key.Listener), new("event", key.What));
    }

    private IEnumerable<Measurement<long>> ReadUpstreamChanges()
    {
        foreach (var (key, tally) in _upstreamChanges) yield return new(tally.Value, new("upstream", key.Upstream), new("change", key.Change));
    }

    private IEnumerable<Measurement<double>> ReadCertificates() => CertificateEnds?.Invoke() ?? [];

    private IEnumerable<Measurement<long>> ReadEnding()
    {
        foreach (var (key, tally) in _ending) yield return new(tally.Value, new("listener", key.Listener), new("within", key.Within));
    }

    private IEnumerable<Measurement<long>> ReadSoftened()
    {
        foreach (var (listener, tally) in _softened) yield return new(tally.Value, new KeyValuePair<string, object?>("listener", listener));
    }

    private IEnumerable<Measurement<long>> ReadShed()
    {
        foreach (var (priority, tally) in _shed) yield return new(tally.Value, new KeyValuePair<string, object?>("priority", priority));
    }

    private IEnumerable<Measurement<long>> ReadSecurity()
    {
        foreach (var (name, tally) in _security) yield return new(tally.Value, new KeyValuePair<string, object?>("event", name));
    }

    private IEnumerable<Measurement<double>> ReadLastGood() => LastGoodAge?.Invoke() is { } age ? [new(age.TotalSeconds)] : [];
}
