namespace Gatehouse.Pipeline;

/// <summary>
/// What is remembered of an exchange that is over: typed fields of the access log, without addresses. Its texts belong to the declaration, to the
/// program or to the caller's credential, so that remembering one copies nothing.
/// </summary>
internal struct PastExchange
{
    /// <summary>The request's id as a number (<see cref="RequestIdText"/>).</summary>
    public UInt128 Id;

    /// <summary>When it ended, in ticks of UTC.</summary>
    public long EndedAt;

    public long Revision;
    public string Listener;
    public string Protocol;
    public string Method;
    public string? Route;

    /// <summary>The route's template, or a shape without its segments.</summary>
    public string Path;

    public int Status;
    public string? Problem;
    public string? Reason;
    public string? DecidedBy;
    public string? Failure;
    public string? Consumer;
    public string? CredentialKind;
    public string? CredentialId;

    /// <summary>The policies before the route and the route's, in their order, and how many of each saw the request.</summary>
    public string[] Before;

    public string[] After;
    public int EnteredBefore;
    public int EnteredAfter;

    /// <summary>All limits and quotas that are enforced for it, as clients are told of them; null where none was asked.</summary>
    public string? Limits;

    /// <summary>The limit that was nearest to being reached; its name is null where none was asked.</summary>
    public LimitState Limit;

    public string? ReportedLimit;
    public string? Upstream;
    public string? Destination;
    public int Attempts;
    public int UpstreamStatus;

    /// <summary>How long it took; until forwarding began; from there to the head of the service's answer, and to its end. Negative for not.</summary>
    public TimeSpan Total;

    public TimeSpan UntilForwarding;
    public TimeSpan UpstreamHead;
    public TimeSpan UpstreamWhole;
}
