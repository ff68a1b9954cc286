using Gatehouse.FunctionalTests.Stores;
using Gatehouse.Register;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Register;

/// <summary>What becomes of keys and suspensions when the database that instances share is cut off, stopped, emptied, and there again.</summary>
public sealed class RegisterLossTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("KEY-6", "a notification that nobody hears")]
    public async Task Connections_that_are_cut_keep_nothing_from_being_known()
    {
        await using var postgres = await PostgresServer.StartAsync(Cancel);
        await using var front = await RegisteredFront.StartAsync(3, postgres.Connection, Cancel);
        for (var round = 0; round < 3; round++)
        {
            await postgres.CutAsync(Cancel);
            var key = await front.IssueAsync(Cancel);
            await postgres.CutAsync(Cancel); // whoever was told has no connection any more
            await front.EverywhereAsync(200, key, Cancel);
        }

        Assert.All(front.Gateways, g => Assert.DoesNotContain("too old", g.Events, StringComparison.Ordinal));
    }

    [Fact]
    [Control("AVL-3", "the database of keys and suspensions")]
    public async Task While_the_database_is_stopped_what_was_known_holds_and_after_it_everything_is_followed()
    {
        await using var postgres = await PostgresServer.StartAsync(Cancel);
        await using var front = await RegisteredFront.StartAsync(3, postgres.Connection, Cancel);
        var (key, revoked) = (await front.IssueAsync(Cancel), await front.IssueAsync(Cancel, "till"));
        await front.EverywhereAsync(200, revoked, Cancel);
        await front.RevokeAsync(revoked, Cancel);
        await front.SuspendAsync(SuspendedKind.Route, "things/get-open", Cancel);
        await front.EverywhereAsync(503, null, Cancel, "/open");

        await postgres.StopAsync(Cancel);
        await front.StateBecomesAsync("lost", Cancel);
        await front.RestartAsync(2, Cancel); // an instance that starts without it knows the same
        await front.StateBecomesAsync("lost", Cancel);
        await front.ToldAsync("the register's store 'postgres' cannot be read", Cancel);
        foreach (var gateway in front.Gateways)
        {
            Assert.Equal(200, await RegisteredFront.CallAsync(gateway, key, Cancel));
            Assert.Equal(401, await RegisteredFront.CallAsync(gateway, revoked, Cancel));
            Assert.Equal(503, await RegisteredFront.CallAsync(gateway, null, Cancel, "/open"));
            var metrics = await gateway.Administration.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancel);
            Assert.Contains("gatehouse_register_lost", metrics, StringComparison.Ordinal);
        }

        await postgres.StartAgainAsync(Cancel);
        await front.StateBecomesAsync("known", Cancel);
        await front.ResumeAsync(SuspendedKind.Route, "things/get-open", Cancel);
        await front.EverywhereAsync(200, null, Cancel, "/open");
        await front.EverywhereAsync(200, key, Cancel);
        await front.ToldAsync("the register's store 'postgres' can be read again", Cancel);
    }

    [Fact]
    public async Task A_database_that_was_emptied_lifts_no_suspension()
    {
        await using var postgres = await PostgresServer.StartAsync(Cancel);
        await using var front = await RegisteredFront.StartAsync(2, postgres.Connection, Cancel);
        var (key, before) = (await front.IssueAsync(Cancel), await front.IssueAsync(Cancel, "till"));
        await front.SuspendAsync(SuspendedKind.Consumer, "till", Cancel);
        await front.EverywhereAsync(200, key, Cancel);
        await front.EverywhereAsync(403, before, Cancel); // who has never heard of it could not keep it
        await postgres.CommandAsync("DROP TABLE gatehouse_register, gatehouse_keys, gatehouse_suspensions, gatehouse_register_changes", Cancel);
        await front.StateBecomesAsync("lost", Cancel);
        await front.ToldAsync("holds nothing of what was known", Cancel);
        Assert.Equal(200, await RegisteredFront.CallAsync(front.Gateways[0], key, Cancel));

        var (other, till) = (await front.IssueAsync(Cancel), await front.IssueAsync(Cancel, "till"));
        await front.EverywhereAsync(200, other, Cancel);
        await front.EverywhereAsync(401, key, Cancel); // the store does not have it any more
        await front.EverywhereAsync(403, till, Cancel); // nobody has said that it may pass again
        await front.ResumeAsync(SuspendedKind.Consumer, "till", Cancel);
        await front.EverywhereAsync(200, till, Cancel);
    }

    [Fact]
    [Control("KEY-6", "a database that was set back")]
    public async Task A_database_that_was_set_back_and_changed_as_often_again_is_read()
    {
        await using var postgres = await PostgresServer.StartAsync(Cancel);
        await using var proxy = new FaultProxy(postgres.Address);
        await using var readers = await RegisteredFront.StartAsync(1, PostgresServer.ConnectionTo(proxy.Address), Cancel);
        await using var front = await RegisteredFront.StartAsync(0, postgres.Connection, Cancel);
        var key = await front.IssueAsync(Cancel);
        await postgres.CommandAsync("CREATE TABLE copied AS TABLE gatehouse_register", Cancel);
        var other = await front.IssueAsync(Cancel);
        await readers.EverywhereAsync(200, other, Cancel);

        proxy.Cut(); // so that nobody sees it while it is set back
        await postgres.CommandAsync("DELETE FROM gatehouse_register; INSERT INTO gatehouse_register SELECT * FROM copied; "
            + $"DELETE FROM gatehouse_register_changes WHERE version = 2; DELETE FROM gatehouse_keys WHERE id = '{other.Id}'", Cancel);
        await front.SuspendAsync(SuspendedKind.Route, "things/get-open", Cancel); // version 2 again
        proxy.Mend();

        await readers.EverywhereAsync(503, null, Cancel, "/open");
        await readers.EverywhereAsync(200, key, Cancel);
        await readers.EverywhereAsync(401, other, Cancel);
    }

    [Fact]
    [Control("AVL-3", "the database of keys and suspensions, for too long")]
    public async Task What_is_known_for_too_long_opens_nothing_and_suspends_as_before()
    {
        await using var postgres = await PostgresServer.StartAsync(Cancel);
        await using var proxy = new FaultProxy(postgres.Address);
        await using var front = await RegisteredFront.StartAsync(2, PostgresServer.ConnectionTo(proxy.Address), Cancel, "10s");
        var key = await front.IssueAsync(Cancel);
        await front.SuspendAsync(SuspendedKind.Route, "things/get-open", Cancel);
        await front.EverywhereAsync(200, key, Cancel);
        await front.EverywhereAsync(503, null, Cancel, "/open");
        proxy.Stall(); // connections stay, and nobody answers
        await front.EverywhereAsync(503, key, Cancel);
        await front.StateBecomesAsync("too old", Cancel);
        Assert.Equal(503, await RegisteredFront.CallAsync(front.Gateways[0], null, Cancel, "/open"));
        await front.ToldAsync("issued keys are refused until its store can be read", Cancel);
        proxy.Mend();
        await front.EverywhereAsync(200, key, Cancel);
        Assert.Equal(503, await RegisteredFront.CallAsync(front.Gateways[0], null, Cancel, "/open"));
    }

    [Fact]
    public async Task An_instance_that_never_knew_anything_is_not_ready_and_opens_nothing()
    {
        await using var none = new FaultProxy(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 9));
        none.Cut();
        await using var front = await RegisteredFront.StartAsync(1, PostgresServer.ConnectionTo(none.Address), Cancel);
        Assert.Equal(503, await RegisteredFront.CallAsync(front.Gateways[0], null, Cancel, "/open"));
        using var ready = await front.Gateways[0].Administration.GetAsync(new Uri("/readyz", UriKind.Relative), Cancel);
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("unknown", (string?)(await RegisteredFront.ReadyAsync(front.Gateways[0], Cancel))!["state"]);
    }
}
