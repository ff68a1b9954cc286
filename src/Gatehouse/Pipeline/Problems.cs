namespace Gatehouse.Pipeline;

/// <summary>The closed list of refusals.</summary>
internal static class Problems
{
    public static readonly Problem MalformedRequest = new(
        "malformed-request", 400, "The request is malformed or ambiguous.", ProblemSource.Downstream, closes: true);
    public static readonly Problem MalformedJson = new(
        "malformed-json", 400, "The request's body is not the JSON that it says it is, or can be read in two ways.", ProblemSource.Downstream);
    public static readonly Problem JsonTooComplex = new(
        "json-too-complex", 400, "The request's JSON is larger or deeper than this route takes.", ProblemSource.Downstream);
    public static readonly Problem CredentialMisplaced = new(
        "credential-misplaced", 400, "A credential stands where none may stand.", ProblemSource.Downstream);
    public static readonly Problem CredentialAmbiguous = new(
        "credential-ambiguous", 400, "The credentials that were presented do not go together.", ProblemSource.Downstream);
    public static readonly Problem Unauthenticated = new(
        "unauthenticated", 401, "A valid credential is needed.", ProblemSource.Downstream);
    public static readonly Problem CertificateRefused = new(
        "certificate-refused", 401, "The client certificate is not good, or no longer.", ProblemSource.Downstream, closes: true);
    public static readonly Problem Forbidden = new(
        "forbidden", 403, "The caller may not do this.", ProblemSource.Downstream);
    public static readonly Problem ConsumerSuspended = new(
        "consumer-suspended", 403, "The caller is suspended for the time being.", ProblemSource.Downstream);
    public static readonly Problem InsufficientScope = new(
        "insufficient-scope", 403, "The caller lacks a scope that this needs.", ProblemSource.Downstream);
    public static readonly Problem NotFound = new(
        "not-found", 404, "There is nothing here.", ProblemSource.Downstream);
    public static readonly Problem MethodNotAllowed = new(
        "method-not-allowed", 405, "This method is not served here.", ProblemSource.Downstream);
    public static readonly Problem RequestTimeout = new(
        "request-timeout", 408, "The request took too long to arrive.", ProblemSource.Downstream, closes: true);
    public static readonly Problem Gone = new(
        "gone", 410, "What was here has ended.", ProblemSource.Downstream);
    public static readonly Problem BodyTooLarge = new(
        "body-too-large", 413, "The request's body is larger than this route takes.", ProblemSource.Downstream, closes: true);
    public static readonly Problem TargetTooLong = new(
        "target-too-long", 414, "The request's target is too long.", ProblemSource.Downstream, closes: true);
    public static readonly Problem EncodedBody = new(
        "encoded-body", 415, "The request's body is compressed.", ProblemSource.Downstream, closes: true);
    public static readonly Problem ExpectationFailed = new(
        "expectation-failed", 417, "The request expects what is not offered.", ProblemSource.Downstream, closes: true);
    public static readonly Problem Misdirected = new(
        "misdirected", 421, "This host is not served here.", ProblemSource.Downstream);
    public static readonly Problem UpgradeNotAllowed = new(
        "upgrade-not-allowed", 400, "This route cannot be upgraded that way.", ProblemSource.Downstream);
    public static readonly Problem TooManyStreams = new(
        "too-many-streams", 429, "Too many requests of this address are under way.", ProblemSource.Downstream);
    public static readonly Problem LimitExceeded = new(
        "limit-exceeded", 429, "Too many requests.", ProblemSource.Downstream);
    public static readonly Problem TooManyAtOnce = new(
        "too-many-at-once", 429, "Too many requests are under way at once.", ProblemSource.Downstream);
    public static readonly Problem QuotaExceeded = new(
        "quota-exceeded", 429, "The quota for this period is used up.", ProblemSource.Downstream);
    public static readonly Problem TooManyFailures = new(
        "too-many-failures", 429, "Too many bad credentials have come from this address.", ProblemSource.Downstream);
    public static readonly Problem TooManyMisses = new(
        "too-many-misses", 429, "Too many requests of this address have led nowhere.", ProblemSource.Downstream);
    public static readonly Problem HeadersTooLarge = new(
        "headers-too-large", 431, "The request's header fields are too large.", ProblemSource.Downstream, closes: true);
    public static readonly Problem InternalError = new(
        "internal-error", 500, "The gateway could not decide about the request, so it refused it.", ProblemSource.Gateway);
    public static readonly Problem UpstreamFailed = new(
        "upstream-failed", 502, "The service behind the gateway did not answer properly.", ProblemSource.Upstream);
    public static readonly Problem UpstreamUnavailable = new(
        "upstream-unavailable", 503, "The service behind the gateway is not available.", ProblemSource.Upstream);
    public static readonly Problem CircuitOpen = new(
        "circuit-open", 503, "The service behind the gateway fails, and is left alone for a while.", ProblemSource.Upstream);
    public static readonly Problem UpstreamBusy = new(
        "upstream-busy", 503, "The service behind the gateway has as many calls as it may.", ProblemSource.Upstream);
    public static readonly Problem Overloaded = new(
        "overloaded", 503, "The gateway cannot take more at the moment.", ProblemSource.Gateway);
    public static readonly Problem IdentityUnavailable = new(
        "identity-unavailable", 503, "The caller's identity cannot be established at the moment.", ProblemSource.Gateway);
    public static readonly Problem AuthorisationUnavailable = new(
        "authorisation-unavailable", 503, "Whether the caller may do this cannot be established at the moment.", ProblemSource.Gateway);
    public static readonly Problem RouteSuspended = new(
        "route-suspended", 503, "What is asked for is suspended for the time being.", ProblemSource.Gateway);
    public static readonly Problem QuotaUnavailable = new(
        "quota-unavailable", 503, "What is left of the quota cannot be established at the moment.", ProblemSource.Gateway);
    public static readonly Problem RecordUnavailable = new(
        "record-unavailable", 503, "What is asked for cannot be recorded at the moment, so it is not done.", ProblemSource.Gateway);
    public static readonly Problem UpstreamTimeout = new(
        "upstream-timeout", 504, "The service behind the gateway did not answer in time.", ProblemSource.Upstream);
    public static readonly Problem DeadlineExceeded = new(
        "deadline-exceeded", 504, "The exchange took longer than it may.", ProblemSource.Gateway);

    public static readonly Problem LoopDetected = new(
        "loop-detected", 508, "The request has been here before.", ProblemSource.Gateway);

    /// <summary>Every problem, by status and name: for the reference page and the tests.</summary>
    public static IReadOnlyList<Problem> All { get; } =
    [
        MalformedRequest, CredentialMisplaced, CredentialAmbiguous, Unauthenticated, CertificateRefused, Forbidden, InsufficientScope,
        NotFound, MethodNotAllowed, RequestTimeout, Gone, BodyTooLarge, TargetTooLong, EncodedBody, ExpectationFailed, Misdirected,
        UpgradeNotAllowed, LimitExceeded, TooManyAtOnce, QuotaExceeded, TooManyFailures, TooManyMisses, HeadersTooLarge, InternalError,
        UpstreamFailed, UpstreamUnavailable, CircuitOpen, UpstreamBusy, Overloaded, IdentityUnavailable, AuthorisationUnavailable, QuotaUnavailable,
        UpstreamTimeout, DeadlineExceeded, LoopDetected,
        MalformedJson, JsonTooComplex, TooManyStreams, RecordUnavailable, ConsumerSuspended, RouteSuspended,
    ];
}
