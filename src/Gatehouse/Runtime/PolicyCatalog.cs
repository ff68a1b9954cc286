using Gatehouse.Pipeline;
using Gatehouse.Policies.Access;
using Gatehouse.Policies.Adapt;
using Gatehouse.Policies.Addresses;
using Gatehouse.Policies.Assert;
using Gatehouse.Policies.Authorize;
using Gatehouse.Policies.Body;
using Gatehouse.Policies.Browser;
using Gatehouse.Policies.Canary;
using Gatehouse.Policies.Certificates;
using Gatehouse.Policies.Cors;
using Gatehouse.Policies.Identify;
using Gatehouse.Policies.Intake;
using Gatehouse.Policies.Lifecycle;
using Gatehouse.Policies.Limits;
using Gatehouse.Policies.Loop;
using Gatehouse.Policies.Overload;
using Gatehouse.Policies.Own;
using Gatehouse.Policies.Record;
using Gatehouse.Policies.Streams;
using Gatehouse.Policies.Suspensions;
using Gatehouse.Policies.Throttle;
using Gatehouse.Policies.Upgrade;
using Gatehouse.Policies.UpstreamToken;

namespace Gatehouse.Runtime;

/// <summary>
/// The one order in which policies decide. Authors of a declaration choose which policies a route has, never their order. The response and the end of
/// an exchange walk the same list backwards.
/// </summary>
internal static class PolicyCatalog
{
    /// <summary>Part one, before the route is known: compiled for each listener.</summary>
    public static IReadOnlyList<ListenerPolicyKind> BeforeRoute { get; } =
    [
        new RecordKind(), // first in, so last out: it sees how every exchange ended, whoever decided
        new BrowserKind(), // what it tells browsers stands on every answer, refusals of all that follow included
        new FirstLookKind(), // when hardly anything can be served, what is refused is recorded and costs nothing else
        new LoopKind(), // reads which gateways the request has passed, which intake then strips as any client's word
        new IntakeKind(), // whatever follows may rely on one path, one host and one set of header fields
        new ListenerAddressesKind(), // everything that counts, allows or logs by address needs the client's
        new StreamsKind(), // the address is known, and what it has under way is bounded before it costs anything
        new ThrottleKind(), // the address is known, and nothing yet was spent on what it presents
        new ListenerCertificatesKind(), // whose certificate is no longer good is nobody, and must not learn which routes there are
        new PublishedKeysKind(), // public keys are for whom the listener admits, and need neither a route nor a credential
    ];

    /// <summary>Part two, once the route is known: compiled for each route.</summary>
    public static IReadOnlyList<RoutePolicyKind> AfterRoute { get; } = AfterRouteWith([]);

    /// <summary>The same, with the policies that a host brings along.</summary>
    public static IReadOnlyList<RoutePolicyKind> AfterRouteWith(IReadOnlyList<PolicyKind> own) =>
    [
        new AccountKind(), // first in, so last out: whoever refuses an exchange of an accountable route, its record has the end
        new RouteAddressesKind(), // who calls from the wrong place must not get to try credentials
        new CorsKind(), // preflights carry no credential, and scripts have to be able to read every refusal from here on
        new OverloadKind(), // the route says how much it matters, scripts can read the refusal, and what is shed costs no look at a credential
        new IdentifyKind(), // who calls has to be known before anybody asks whether they may
        new LifecycleKind(), // what has ended is over for everybody, whether they might have called it or not
        new AccessKind(), // nothing is done, counted or changed for a caller that may not
        new SuspensionsKind(), // only who may call learns that something is suspended, and nothing is counted or done for it
        new UpgradeKind(), // a stranger is refused as a stranger, not for the protocol it asks for
        new LimitsKind(), // who calls is known: its calls are counted, before anything that costs more than counting
        new AuthorizeKind(), // a stranger or a flood costs its service no question, and it can only take away what access grants
        .. Own(own), // they see a caller that is known, may call and is within its limits, and cannot keep anybody from being checked
        new BodyKind(), // only who may call, and is within the limits, gets memory or disk for a body
        new CanaryKind(), // where it goes is known before anything is made for one upstream alone: its token, its assertion
        new UpstreamTokenKind(), // asked for when the request is whole and everybody has agreed: it goes nowhere but to the backend
        new IntentKind(), // everybody has agreed, and nothing has left for the backend: nothing changes before it is written down that it will
        new AdaptKind(), // every policy before has decided on what was sent, and on the way back this sees first what the backend sent
        new AssertKind(), // last: nothing that was refused costs a signature, and what is vouched for is what is forwarded
    ];

    private static IEnumerable<RoutePolicyKind> Own(IReadOnlyList<PolicyKind> kinds) =>
        kinds.Count == 0 ? [] : kinds.Select(k => (RoutePolicyKind)new OwnPolicyKind(k)).Prepend(new OwnPoliciesKind(kinds));
}
