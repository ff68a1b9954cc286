using System.Collections.Frozen;
using System.Net.Http;
using Gatehouse.Audit;
using Gatehouse.Pipeline;

namespace Gatehouse.Policies.Record;

/// <summary>
/// Which refusals are security events, and of what type: they are recorded in the trail whatever route they are of, and without one.
/// </summary>
internal static class SecurityRefusals
{
    /// <summary>As a record says it; made once.</summary>
    private static readonly IReadOnlyList<AuditDetail>
        Authentication = Event("authentication"),
        Authorisation = Event("authorisation"),
        Message = Event("message"),
        Limit = Event("limit"),
        Throttle = Event("throttle"),
        Address = Event("address"),
        OwnPolicy = Event("own-policy"),
        Suspension = Event("suspension"),
        Unsure = Event("unsure"),
        ServiceTls = Event("service-tls");

    private static readonly FrozenDictionary<Problem, IReadOnlyList<AuditDetail>> Types = new Dictionary<Problem, IReadOnlyList<AuditDetail>>
    {
        [Problems.Unauthenticated] = Authentication,
        [Problems.CertificateRefused] = Authentication,
        [Problems.CredentialMisplaced] = Authentication,
        [Problems.CredentialAmbiguous] = Authentication,
        [Problems.Forbidden] = Authorisation,
        [Problems.InsufficientScope] = Authorisation,
        [Problems.MalformedRequest] = Message,
        [Problems.MalformedJson] = Message,
        [Problems.JsonTooComplex] = Message,
        [Problems.RequestTimeout] = Message,
        [Problems.BodyTooLarge] = Message,
        [Problems.TargetTooLong] = Message,
        [Problems.HeadersTooLarge] = Message,
        [Problems.EncodedBody] = Message,
        [Problems.ExpectationFailed] = Message,
        [Problems.UpgradeNotAllowed] = Message,
        [Problems.Misdirected] = Message,
        [Problems.LoopDetected] = Message,
        [Problems.LimitExceeded] = Limit,
        [Problems.TooManyAtOnce] = Limit,
        [Problems.QuotaExceeded] = Limit,
        [Problems.TooManyStreams] = Throttle,
        [Problems.TooManyFailures] = Throttle,
        [Problems.TooManyMisses] = Throttle,
        [Problems.ConsumerSuspended] = Suspension,
        [Problems.RouteSuspended] = Suspension,
        [Problems.InternalError] = Unsure,
        [Problems.IdentityUnavailable] = Unsure,
        [Problems.AuthorisationUnavailable] = Unsure,
        [Problems.RecordUnavailable] = Unsure,
    }.ToFrozenDictionary((IEqualityComparer<Problem>)ReferenceEqualityComparer.Instance);

    /// <summary>The policies that refuse addresses, which no other policy may know: they answer as if nothing were there.</summary>
    private const string AddressesName = "addresses";

    /// <summary>The type of the exchange's refusal as a record's detail; null where it is none, and where nobody refused.</summary>
    public static IReadOnlyList<AuditDetail>? Of(Exchange exchange)
    {
        if (exchange.Problem is not { } problem) return null;
        if (exchange.DecidedBy == AddressesName) return Address;
        if (Types.TryGetValue(problem, out var type)) return type;
        if (exchange.Failure is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }) return ServiceTls;
        return problem.Name.StartsWith("custom/", StringComparison.Ordinal) ? OwnPolicy : null;
    }

    private static IReadOnlyList<AuditDetail> Event(string type) => [new AuditDetail("event", type)];
}
