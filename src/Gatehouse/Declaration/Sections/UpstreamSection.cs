using Gatehouse.Configuration;
using Gatehouse.Upstreams;

namespace Gatehouse.Declaration.Sections;

/// <summary>An entry of <c>upstreams</c>: a group of servers that answer alike.</summary>
internal static class UpstreamSection
{
    public static readonly Key<IReadOnlyList<DestinationText>> Destinations = new(
        "destinations",
        Shapes.List(new DestinationShape(), 1, 1000),
        "The servers: scheme, host and port, as in https://10.0.3.1:5101, or a map with url and weight.")
    {
        Required = true,
    };

    public static readonly Key<string> Authorities = new(
        "authorities",
        DecisionShapes.File(),
        "A PEM file with the authorities that destinations are trusted by; the system's unless written.");
    public static readonly Key<UpstreamTimeouts> Timeouts = new("timeouts", TimeoutsSection.Shape, "How long a destination may take.");

    public static readonly Key<Balance> Balance = new(
        "balance",
        Shapes.OneOf(
            ("round-robin", Upstreams.Balance.RoundRobin),
            ("least-requests", Upstreams.Balance.LeastRequests),
            ("power-of-two", Upstreams.Balance.PowerOfTwoChoices),
            ("hash", Upstreams.Balance.Hash)),
        "How a destination is chosen; power-of-two unless written.");

    public static readonly Key<UpstreamProtocol> Protocol = new(
        "protocol",
        Shapes.OneOf(("http1", UpstreamProtocol.Http1), ("http2", UpstreamProtocol.Http2)),
        "The version of HTTP that destinations speak; http1 unless written.");

    public static readonly Key<HashRule> Hash = new("hash", HashSection.Shape, "What goes to the same destination, with balance: hash.");

    public static readonly Key<TimeSpan> SlowReturn = new(
        "slowReturn",
        Shapes.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)),
        "How long a destination that was out takes less than its share, beginning with a tenth; 10s unless written, 0s for not at all.");

    public static readonly Key<HealthRule> Health = new("health", HealthSection.Shape, "How destinations are asked whether they are well.");

    public static readonly Key<EjectionRule> Ejection = new(
        "ejection",
        EjectionSection.Shape,
        "When a destination that fails is left out for a while. Where there are several, it holds without being written.");

    public static readonly Key<BulkheadRule> AtOnce = new(
        "atOnce",
        new AtOnceShape(),
        "How many exchanges it has at once; further ones are refused with upstream-busy. Unless written, 2000 for each destination, 10000 with http2.");

    public static readonly Key<RetryRules> Retries = new(
        "retries", RetriesSection.Shape, "Sends calls again that failed, where that does no harm; never unless written.");

    public static readonly Key<BreakerRule> Breaker = new(
        "breaker",
        BreakerSection.Shape,
        "When all of it is left alone because too many attempts fail; calls are then refused with circuit-open. Without it, never.");

    public static readonly Section<SectionReader> Shape = new Section<SectionReader>("an upstream",
        [
            Destinations, Authorities, .. UpstreamTlsSection.Keys, UpstreamTokenSection.Token, Timeouts, Balance, Hash, SlowReturn, Protocol,
            Health, Ejection, Breaker, AtOnce, Retries,
        ],
        text => text);

    /// <summary>The upstream as far as its text goes, or null when it says too little.</summary>
    public static Upstream? Read(Named<SectionReader> written, NamedFiles files)
    {
        var text = written.Value;
        var (destinations, authorities, timeouts) = (text.Get(Destinations), text.Find(Authorities), text.Get(Timeouts));
        var retries = text.Get(Retries);
        var (balance, protocol) = (text.Get(Balance, Upstreams.Balance.PowerOfTwoChoices), text.Get(Protocol, UpstreamProtocol.Http1));
        var (hash, slowReturn) = (text.Get(Hash), text.Get(SlowReturn, Upstream.UsualSlowReturn));
        var (health, ejection, breaker, atOnce) = (text.Get(Health), text.Get(Ejection), text.Get(Breaker), text.Get(AtOnce));
        var trusted = authorities is { } file ? AuthoritiesFile.Read(file, files) : null;
        var tls = UpstreamTlsSection.Read(text, files);
        if (destinations is null || (balance == Upstreams.Balance.Hash && hash is null)) return null;
        return new Upstream
        {
            Name = written.Name,
            Destinations = [.. destinations.Select(d => d.Value)],
            Weights = [.. destinations.Select(d => d.Weight)],
            Timeouts = timeouts ?? TimeoutsSection.Usual,
            Balance = balance,
            Retries = retries,
            Hash = hash,
            SlowReturn = slowReturn,
            Health = health,
            Ejection = ejection ?? EjectionRule.Usual,
            Breaker = breaker,
            AtOnce = atOnce,
            Protocol = protocol,
            Authorities = trusted,
            Tls = tls,
            Place = written.NamePlace,
        };
    }
}

/// <summary><c>timeouts</c> of an upstream.</summary>
internal static class TimeoutsSection
{
    public static readonly UpstreamTimeouts Usual = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30));

    public static readonly Key<TimeSpan> Connect = new(
        "connect",
        Shapes.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)),
        "To open a connection, TLS included; 1s unless written.");
    public static readonly Key<TimeSpan> Head = new(
        "head",
        Shapes.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1)),
        "From the request's end to the response's head; 10s unless written.");
    public static readonly Key<TimeSpan> Idle = new(
        "idle",
        Shapes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
        "Without a byte in either direction; 30s unless written.");

    public static readonly Shape<UpstreamTimeouts> Shape = new Section<UpstreamTimeouts>("timeouts", [Connect, Head, Idle],
        Read);

    private static UpstreamTimeouts Read(SectionReader text)
    {
        var timeouts = new UpstreamTimeouts(text.Get(Connect, Usual.Connect), text.Get(Head, Usual.Head), text.Get(Idle, Usual.Idle));
        if (timeouts.Idle < timeouts.Head)
            text.Complain(Rules.Contradiction.Lesser(), text.Has(Idle) ? Idle : Head,
                $"'idle' ({Units.Write(timeouts.Idle)}) is shorter than 'head' ({Units.Write(timeouts.Head)}), so that silence during a body is cut only after {Units.Write(timeouts.Head)}",
                "let 'idle' be at least as long as 'head', or shorten 'head'");
        return timeouts;
    }
}
