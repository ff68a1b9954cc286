using Gatehouse.Runtime;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Runtime;

/// <summary>One snapshot is in force at any time, and only a better one takes its place.</summary>
public sealed class ActivationTests
{
    private readonly PolicyHarness _harness = new();
    private readonly Activation _activation;

    public ActivationTests() => _activation = new Activation(
        Load(), new SnapshotCompiler(_harness.Clock, _harness.State, _harness.AccessLog, _harness.Meter, PolicyCatalog.AfterRoute), _harness.State);

    [Fact]
    public void Begins_with_revision_1() => Assert.Equal(1, _activation.Current.Revision);

    [Fact]
    public void Swaps_the_whole_snapshot_and_counts_it()
    {
        var before = _activation.Current;
        Assert.Equal(ActivationOutcome.Activated, Replace("get-stock", "read-stock"));
        Assert.Equal(ActivationOutcome.Activated, Replace("get-stock", "see-stock"));
        Assert.Equal((3, "stock/see-stock"), (_activation.Current.Revision, RouteOf(_activation.Current)));
        Assert.Equal((1, "stock/get-stock"), (before.Revision, RouteOf(before))); // an exchange that took it keeps it whole
    }

    [Theory]
    [InlineData("", "", nameof(ActivationOutcome.Unchanged))]
    [InlineData("gateway: {", "gateway:   {", nameof(ActivationOutcome.Unchanged))]
    [InlineData("effect: read", "efect: read", nameof(ActivationOutcome.Refused))]
    [InlineData("127.0.0.1:8080", "127.0.0.1:8090", nameof(ActivationOutcome.NeedsRestart))]
    public void Keeps_what_is_in_force(string was, string isNow, string outcome)
    {
        var before = _activation.Current;
        Assert.Equal(outcome, Replace(was, isNow).ToString());
        Assert.Same(before, _activation.Current);
    }

    [Fact]
    public void Says_what_is_wrong()
    {
        Assert.Contains(_activation.TryReplace(Load("effect: read", "efect: read")).Findings, f => f.IsError);
        Assert.Contains(_activation.TryReplace(Load("127.0.0.1:8080", "127.0.0.1:8090")).Findings, f => f.Rule.Id == "GH2015");
    }

    [Fact]
    public void A_listener_keeps_its_index_wherever_it_is_written()
    {
        const string edge = "  edge: { address: \"127.0.0.1:8080\", hosts: [api.retailer.example], serves: [public] }\n";
        const string inside = "  inside: { address: \"127.0.0.1:8081\", serves: [internal] }\n";
        Assert.Equal(ActivationOutcome.Activated, Replace(edge + inside, inside + edge.Replace("api.", "www.", StringComparison.Ordinal)));
        Assert.Equal(["edge", "inside"], _activation.Current.Listeners.Select(l => l.Listener.Name));
    }

    [Fact]
    public void Lets_go_of_state_that_two_snapshots_did_not_use()
    {
        var first = _harness.State.Count;
        Replace("per: address", "per: route");
        Assert.Equal(first + 1, _harness.State.Count); // exchanges of the one before may still charge its cells
        for (var i = 0; i < 3; i++) Replace("get-stock", $"get-stock-{i}");
        Assert.Equal(first, _harness.State.Count - 1);
    }

    private static string RouteOf(GatewaySnapshot snapshot) => Assert.Single(snapshot.Listeners[0].Routes.Routes).Route.Id.Value;

    private LoadedDeclaration Load(string was = "", string isNow = "") => SmallLoad.With(_harness.Clock, was, isNow);

    private ActivationOutcome Replace(string was, string isNow) => _activation.TryReplace(Load(was, isNow)).Outcome;
}
