using System.Globalization;
using Gatehouse.Consumers;
using Gatehouse.Pipeline;
using Gatehouse.Telemetry;

namespace Gatehouse.Policies.Record;

/// <summary>
/// Looks at how exchanges end for what one of them does not show: somebody who fails, is refused or is limited again and again, and a credential that
/// comes from elsewhere. An exchange that is served costs a comparison; what is remembered is bounded.
/// </summary>
internal sealed class SecurityWatch
{
    private readonly string _listener;
    private readonly SecurityEvents _events;
    private readonly TimeSpan _every;
    private readonly Bursts _failures;
    private readonly Bursts _credentials;
    private readonly Bursts _probing;
    private readonly Bursts _malformed;
    private readonly Bursts _limits;
    private readonly KnownNetworks? _networks;
    private readonly bool _watchesTokens;

    public SecurityWatch(string listener, SecurityEvents events, CompileContext context)
    {
        (_listener, _events) = (listener, events);
        var rules = context.Security;
        (_every, _watchesTokens) = (rules.Every, rules.TokenNetworks);
        _failures = Table("authentication failures", rules.Failures);
        _credentials = Table("credential failures", rules.Failures);
        _probing = Table("authorisation probing", rules.Routes, distinct: true);
        _malformed = Table("malformed requests", rules.Malformed);
        _limits = Table("limits reached", rules.Limits);
        if (rules.Networks) _networks = context.State.Get("known networks", "", static () => new KnownNetworks());

        Bursts Table(string kind, int threshold, bool distinct = false)
        {
            var identity = string.Create(CultureInfo.InvariantCulture, $"{threshold}/{rules.Every.Ticks}/{rules.Quiet.Ticks}");
            return context.State.Get(
                "burst " + kind, identity, () => new Bursts(threshold, rules.Every, rules.Quiet, context.Clock.TimestampFrequency, distinct));
        }
    }

    public void Look(Exchange exchange)
    {
        if (exchange is { Caller: { } caller, Problem: null }) LookAtNetwork(exchange, caller);
        if (exchange.Problem is not { } problem) return;
        if (ReferenceEquals(problem, Problems.Unauthenticated) || ReferenceEquals(problem, Problems.CredentialMisplaced)
            || ReferenceEquals(problem, Problems.CredentialAmbiguous) || ReferenceEquals(problem, Problems.CertificateRefused)
            || ReferenceEquals(problem, Problems.TooManyFailures))
            LookAtFailure(exchange, problem);
        else if (ReferenceEquals(problem, Problems.Forbidden) || ReferenceEquals(problem, Problems.InsufficientScope)) LookAtProbing(exchange);
        else if (IsLimit(problem)) LookAtLimit(exchange, problem);
        else if (IsMalformed(problem)) LookAtMalformed(exchange, problem);
    }

    private static bool IsLimit(Problem problem) =>
        ReferenceEquals(problem, Problems.LimitExceeded) || ReferenceEquals(problem, Problems.QuotaExceeded)
        || ReferenceEquals(problem, Problems.TooManyAtOnce) || ReferenceEquals(problem, Problems.TooManyStreams);

    /// <summary>A request that nobody should send: the client's fault, and none of those above.</summary>
    private static bool IsMalformed(Problem problem) =>
        problem.Source == ProblemSource.Downstream && problem.Status is 400 or 413 or 414 or 415 or 417 or 431
        && !ReferenceEquals(problem, Problems.UpgradeNotAllowed);

    /// <summary>Of a name of the declaration; never what stands for an address.</summary>
    private static ulong Hash(string text) => (uint)text.GetHashCode(StringComparison.Ordinal) | 1UL << 63;

    private void LookAtFailure(Exchange exchange, Problem problem)
    {
        if (ReferenceEquals(problem, Problems.Unauthenticated) && exchange.Presented == CredentialKinds.None) return; // asked who it is: no failure
        var now = exchange.StartedAt;
        if (_failures.Add(AddressKey.Of(exchange.Client.Value), now, 0, out var burst))
            _events.Tell(SecurityEvent.AuthenticationFailures, Facts(burst) with { Address = exchange.Client.Value });
        if (exchange.GuessedKeyId is { } key && _credentials.Add(Hash(key), now, 0, out burst))
            _events.Tell(SecurityEvent.CredentialFailures, Facts(burst) with { Credential = key });
    }

    private void LookAtProbing(Exchange exchange)
    {
        if (exchange is not { Consumer: { } consumer, Route: { } route }) return;
        if (!_probing.Add(Hash(consumer.Id.Value), exchange.StartedAt, Hash(route.Id.Value), out var burst)) return;
        _events.Tell(SecurityEvent.Probing, Facts(burst) with { Consumer = consumer.Id.Value });
    }

    private void LookAtLimit(Exchange exchange, Problem problem)
    {
        var consumer = exchange.Consumer?.Id.Value;
        var whose = consumer is null ? AddressKey.Of(exchange.Client.Value) : Hash(consumer);
        if (!_limits.Add(whose, exchange.StartedAt, 0, out var burst)) return;
        var address = consumer is null ? exchange.Client.Value : null;
        _events.Tell(SecurityEvent.LimitsReached, Facts(burst) with { Consumer = consumer, Address = address, Problem = problem.Name });
    }

    private void LookAtMalformed(Exchange exchange, Problem problem)
    {
        if (!_malformed.Add(AddressKey.Of(exchange.Client.Value), exchange.StartedAt, 0, out var burst)) return;
        _events.Tell(SecurityEvent.Malformed, Facts(burst) with { Address = exchange.Client.Value, Problem = problem.Name });
    }

    private void LookAtNetwork(Exchange exchange, Caller caller)
    {
        if (!caller.CredentialKind.Contains("token", StringComparison.Ordinal))
        {
            if (_networks is not null) LookAtProgram(exchange, caller, _networks);
        }
        else if (_watchesTokens && KnownNetworks.Of(exchange.Client.Value) is var network && caller.IsNowElsewhere(network))
        {
            _events.Tell(
                SecurityEvent.TokenElsewhere,
                new SecurityFacts { Listener = _listener, Consumer = caller.Consumer.Id.Value, Network = network });
        }
    }

    /// <summary>The credential of a program stays where that is. A connection is looked at once for each caller that it has.</summary>
    private void LookAtProgram(Exchange exchange, Caller caller, KnownNetworks networks)
    {
        var address = exchange.Client.Value;
        if (exchange.Connection is { } connection)
        {
            if (connection.Placed is { } placed && ReferenceEquals(placed.Credential, caller.CredentialId) && placed.Address.Equals(address)) return;
            connection.Placed = new PlacedCredential(caller.CredentialId, address);
        }

        var network = KnownNetworks.Of(address);
        if (!networks.IsNew(caller.CredentialId, network)) return;
        _events.Tell(SecurityEvent.NewNetwork, new SecurityFacts
        {
            Listener = _listener,
            Consumer = caller.Consumer.Id.Value,
            Credential = caller.CredentialId,
            Network = network,
        });
    }

    private SecurityFacts Facts(Burst burst) => new() { Listener = _listener, Burst = burst, Within = _every };
}
