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
using Gatehouse.Policies.Record;
using Gatehouse.Policies.Streams;
using Gatehouse.Policies.Suspensions;
using Gatehouse.Policies.Throttle;
using Gatehouse.Policies.Upgrade;
using Gatehouse.Policies.UpstreamToken;
using Gatehouse.Runtime;

namespace Gatehouse.Tests.Runtime;

/// <summary>The order of policies decides what is refused first and who hears of it: whoever changes it, changes this too, and says why.</summary>
public sealed class PolicyCatalogTests
{
    [Fact]
    public void Before_the_route() => Assert.Equal(
        [
            typeof(RecordKind), typeof(BrowserKind), typeof(FirstLookKind), typeof(LoopKind), typeof(IntakeKind), typeof(ListenerAddressesKind),
            typeof(StreamsKind),
            typeof(ThrottleKind), typeof(ListenerCertificatesKind), typeof(PublishedKeysKind),
        ],
        PolicyCatalog.BeforeRoute.Select(k => k.GetType()));

    [Fact]
    public void After_the_route() => Assert.Equal(
        [
            typeof(AccountKind), typeof(RouteAddressesKind), typeof(CorsKind), typeof(OverloadKind), typeof(IdentifyKind),
            typeof(LifecycleKind), typeof(AccessKind), typeof(SuspensionsKind), typeof(UpgradeKind),
            typeof(LimitsKind), typeof(AuthorizeKind), typeof(BodyKind), typeof(CanaryKind),
            typeof(UpstreamTokenKind), typeof(IntentKind), typeof(AdaptKind), typeof(AssertKind),
        ],
        PolicyCatalog.AfterRoute.Select(k => k.GetType()));

    [Fact]
    public void A_name_means_one_kind_in_each_part() // what a kind reads of a route is found again by its name
    {
        Assert.Distinct(PolicyCatalog.BeforeRoute.Select(k => k.Name));
        Assert.Distinct(PolicyCatalog.AfterRoute.Select(k => k.Name));
    }

    [Fact]
    public void A_key_belongs_to_one_kind() => Assert.Distinct(PolicyCatalog.AfterRoute.SelectMany(k => k.Keys).Select(k => k.Name));
}
