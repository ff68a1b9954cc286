namespace Gatehouse.Telemetry;

/// <summary>A kind of security event. The list is closed and its names are stable: alert rules are written against them.</summary>
/// <param name="name">As it stands in lines and labels.</param>
/// <param name="fields">The fields of its line besides <c>time</c>, <c>event</c> and <c>suppressed</c>.</param>
/// <param name="says">What has happened.</param>
internal sealed class SecurityEvent(string name, string says, params string[] fields)
{
    public static readonly SecurityEvent AuthenticationFailures = new(
        "authentication-failures", "One address has presented many credentials that are not good.", "listener", "address", "count", "within");

    public static readonly SecurityEvent CredentialFailures = new(
        "credential-failures", "The id of one key was presented many times with a wrong secret, from wherever.", "listener", "credential", "count", "within");

    public static readonly SecurityEvent Probing = new(
        "authorisation-probing", "One consumer was refused by many different routes: it tries what it may not.", "listener", "consumer", "count",
        "routes", "within");

    public static readonly SecurityEvent Malformed = new(
        "malformed-requests", "One address has sent many requests that are ambiguous, malformed or against their contract.", "listener", "address", "problem",
        "count", "within");

    public static readonly SecurityEvent LimitsReached = new(
        "limits-reached", "One caller was refused many times by limits or quotas. Whoever is not known is its address.", "listener", "consumer", "address",
        "problem", "count", "within");

    public static readonly SecurityEvent NewNetwork = new(
        "new-network", "A key or a certificate was good, and came from a network from which this instance had not seen it since its start.", "listener",
        "consumer", "credential", "network");

    public static readonly SecurityEvent TokenElsewhere = new(
        "token-elsewhere", "One token came from another network than at first. Told only where it is asked for: people take their tokens along.", "listener",
        "consumer", "network");

    public static readonly SecurityEvent Handshakes = new(
        "handshakes-refused", "One address has failed many times to open a connection with a client certificate.", "listener", "address", "reason", "count",
        "within");

    public static readonly SecurityEvent UpstreamTls = new(
        "upstream-tls-failed", "A service's certificate is not trusted, or TLS with it fails. Nothing was sent to it.", "upstream", "destination");

    public static readonly SecurityEvent ConfigurationChanged = new(
        "configuration-changed", "Another declaration is in force.", "revision", "fingerprint");

    public static readonly SecurityEvent ConfigurationRefused = new(
        "configuration-refused", "A declaration that has changed was not taken; the one before stays in force.", "outcome", "revision", "fingerprint");

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<SecurityEvent> All { get; } =
    [
        AuthenticationFailures, Probing, ConfigurationChanged, ConfigurationRefused, CredentialFailures, Handshakes, LimitsReached, Malformed,
        NewNetwork, TokenElsewhere, UpstreamTls,
    ];

    public string Name { get; } = name;

    public string Says { get; } = says;

    public IReadOnlyList<string> Fields { get; } = fields;
}

/// <summary>From when on what callers do is a security event.</summary>
internal sealed record SecurityRules
{
    /// <summary>Bad credentials of one address, wrong secrets for one key's id, or failed handshakes of one address.</summary>
    public int Failures { get; init; } = 20;

    /// <summary>Different routes that have refused one consumer.</summary>
    public int Routes { get; init; } = 5;

    /// <summary>Malformed requests of one address.</summary>
    public int Malformed { get; init; } = 50;

    /// <summary>Calls of one caller that limits have refused.</summary>
    public int Limits { get; init; } = 100;

    /// <summary>Whether it is told that a key or a certificate comes from a network that is new.</summary>
    public bool Networks { get; init; } = true;

    /// <summary>Whether it is told that a token comes from another network than at first.</summary>
    public bool TokenNetworks { get; init; }

    /// <summary>The time within which these are counted.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long nothing more is told of the same event of the same one.</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromMinutes(10);
}
