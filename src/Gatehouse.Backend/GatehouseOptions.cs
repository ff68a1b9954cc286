using Microsoft.AspNetCore.Authentication;

namespace Gatehouse.Backend;

/// <summary>Whose assertions a backend takes, and what else it asks of them.</summary>
public sealed class GatehouseOptions : AuthenticationSchemeOptions
{
    private static readonly TimeSpan MostSkew = TimeSpan.FromSeconds(60);

    /// <summary>The gateway's name: <c>issuer</c> of its <c>assertions</c>, character by character.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>This backend: the name of its upstream in the gateway's declaration.</summary>
    public string Audience { get; set; } = "";

    /// <summary>Where the gateway publishes its keys; https, or http on loopback. Redirects are not followed.</summary>
    public Uri? KeysUrl { get; set; }

    /// <summary>
    /// A file with the gateway's keys (a JSON Web Key Set, RFC 7517); it is read again as often as an address would be. Either this or
    /// <see cref="KeysUrl"/>.
    /// </summary>
    public string? KeysFile { get; set; }

    /// <summary>
    /// Whether every assertion has to be one that the gateway made for this request alone (<c>assertion: perRequest</c> at its route).
    /// </summary>
    public bool PerRequest { get; set; }

    /// <summary>How far the clocks of gateway and backend may be apart; at most a minute.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>After how long the keys are asked for again.</summary>
    public TimeSpan KeysLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long keys that could not be renewed are still used; then every call is refused.</summary>
    public TimeSpan KeysLongestLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long to wait at least between two requests for the keys, whatever arrives: an unknown key is asked for, but not for every call that
    /// names one.
    /// </summary>
    public TimeSpan BetweenFetches { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Says whether an assertion for one request is seen for the first time: its id, and until when it has to be remembered. Without one, this
    /// process remembers up to 100000, and refuses when it can remember no more. Several instances of a backend need one that they share.
    /// </summary>
    public Func<string, DateTimeOffset, ValueTask<bool>>? FirstUse { get; set; }

    /// <summary>Fetches the keys, for tests and for networks that need a proxy.</summary>
    public HttpMessageHandler? KeysHandler { get; set; }

    /// <inheritdoc />
    public override void Validate()
    {
        base.Validate();
        ArgumentException.ThrowIfNullOrWhiteSpace(Issuer);
        ArgumentException.ThrowIfNullOrWhiteSpace(Audience);
        if (KeysUrl is null == KeysFile is null) throw new InvalidOperationException("either KeysUrl or KeysFile says where the gateway's keys are");
        if (KeysUrl is { } url && !(url.IsAbsoluteUri && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))))
            throw new InvalidOperationException("KeysUrl has to begin with https (http is for loopback only)");
        if (ClockSkew < TimeSpan.Zero || ClockSkew > MostSkew) throw new InvalidOperationException("ClockSkew is from 0 to 60 seconds");
    }
}
