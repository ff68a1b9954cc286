using System.Net.Security;
using Gatehouse.Certificates;
using Gatehouse.Declaration;
using Gatehouse.Pipeline;
using Gatehouse.Policies.Cors;
using Gatehouse.Policies.Record;
using Gatehouse.Register;
using Gatehouse.Routes;
using Gatehouse.Telemetry;
using Gatehouse.Tokens;
using Gatehouse.Upstreams;

namespace Gatehouse.Runtime;

/// <summary>The compiled form of one definition: everything an exchange needs, with nothing left to look up by name. Immutable.</summary>
internal sealed class GatewaySnapshot
{
    /// <summary>Counts the activations of this process, from 1.</summary>
    public required long Revision { get; init; }

    public required GatewayDefinition Definition { get; init; }

    public required IReadOnlyList<UpstreamClient> Upstreams { get; init; }

    /// <summary>Says whether tokens are good, for all routes.</summary>
    public required TokenVerifier Tokens { get; init; }

    /// <summary>What is known of issued keys and of what is suspended; null where the declaration has no register.</summary>
    public KnownRegister? Register { get; init; }

    /// <summary>Whether every issuer's keys are there or could not be had; has them fetched where it was not tried yet. Never waits.</summary>
    /// <param name="without">The names of the issuers whose keys are not there.</param>
    public bool WasPreparedForTokens(out IReadOnlyList<string> without) => Tokens.IsPrepared(out without);

    /// <summary>Whether the clock can be believed: while it cannot, no token is judged.</summary>
    public bool ClockIsInStep => Tokens.ClockIsInStep;

    /// <summary>In the order of the first definition's listeners: a listener keeps its index for as long as the process lives.</summary>
    public required IReadOnlyList<CompiledListener> Listeners { get; init; }
}

/// <summary>A listener with the policies that act before the route, and the table of exactly the routes that it serves.</summary>
internal sealed class CompiledListener(Listener listener, Policy[] beforeRoute, RouteTable routes)
{
    public Listener Listener { get; } = listener;

    public Policy[] BeforeRoute { get; } = beforeRoute;

    /// <summary>The names of <see cref="BeforeRoute"/>, for what is remembered of exchanges.</summary>
    public string[] Names { get; } = Array.ConvertAll(beforeRoute, static p => p.Name);

    public RouteTable Routes { get; } = routes;

    /// <summary>Counts policies that threw when an exchange was over.</summary>
    public required Tally FaultsAtEnd { get; init; }

    /// <summary>What a TLS handshake presents; null for cleartext.</summary>
    public SslStreamCertificateContext? Certificate { get; init; }

    /// <summary>What client certificates are judged by; null where none are asked for.</summary>
    public ClientTrust? Clients { get; init; }
}

/// <summary>A route with its policies, in the catalogue's order, and the client that forwards to its upstream.</summary>
internal sealed class CompiledRoute(Route route, Policy[] policies, UpstreamClient upstream, byte[] fields, string[] names)
{
    private readonly ForwardTerms _terms = ForwardTerms.Of(route);

    public CompiledRoute(Route route, Policy[] policies, UpstreamClient upstream)
        : this(route, policies, upstream, AccessLine.RouteFields(route), Array.ConvertAll(policies, static p => p.Name))
    {
    }

    public Route Route { get; } = route;

    public Policy[] Policies { get; } = policies;

    /// <summary>The names of <see cref="Policies"/>, for what is remembered of exchanges.</summary>
    public string[] Names { get; } = names;

    public UpstreamClient Upstream { get; } = upstream;

    /// <summary>How its calls are sent more than once; null where each is sent once.</summary>
    public RepeatPlan? Repeats { get; init; }

    /// <summary>Where the exchanges go that a policy gives to the route's canary; null where there is none.</summary>
    public CompiledCanary? Canary { get; init; }

    /// <summary>Sends copies of its requests elsewhere; null for nowhere.</summary>
    public RequestMirror? Mirror { get; init; }

    /// <summary>The route's fields of the access log.</summary>
    public byte[] Fields { get; } = fields;

    /// <summary>Whether a policy of the route answers browsers that ask before they call.</summary>
    public bool AnswersPreflights { get; } = Array.Exists(policies, static p => p is CorsPolicy);

    /// <summary>Whether the exchange's client is not to learn that the route is there.</summary>
    public bool IsHiddenFrom(Exchange exchange)
    {
        foreach (var policy in Policies)
            if (policy.Hides(exchange)) return true;
        return false;
    }

    /// <summary>Where exchanges of the route on one listener are counted.</summary>
    public ExchangeTally? Tally { get; private init; }

    /// <summary>The route as one listener has it.</summary>
    /// <param name="timed">Whether its durations are told apart from those of other routes of its api.</param>
    public CompiledRoute On(Listener listener, GatehouseMeter meter, bool timed)
    {
        var tally = meter.Exchanges(listener.Name, Route.Id.Value);
        tally.TimedAs = timed ? Route.Id.Value : Route.Id.Api + "/*";
        return new(Route, Policies, Upstream, Fields, Names) { Tally = tally, Repeats = Repeats, Canary = Canary, Mirror = Mirror };
    }

    /// <summary>Forwards what its policies have let through.</summary>
    public ValueTask<Verdict> ForwardAsync(Exchange exchange)
    {
        Mirror?.Copy(exchange);
        if (exchange.OnCanary) return Canary!.ForwardAsync(exchange, _terms);
        return Repeats is null ? Upstream.ForwardAsync(exchange, _terms) : Repeats.ForwardAsync(Upstream, exchange, _terms);
    }
}

/// <summary>A route's canary: the client of its upstream, and how calls are sent there more than once.</summary>
internal sealed record CompiledCanary(UpstreamClient Upstream, RepeatPlan? Repeats)
{
    public ValueTask<Verdict> ForwardAsync(Exchange exchange, ForwardTerms terms) =>
        Repeats is null ? Upstream.ForwardAsync(exchange, terms) : Repeats.ForwardAsync(Upstream, exchange, terms);
}
