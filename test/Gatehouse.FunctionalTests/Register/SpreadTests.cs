using System.Net;
using Gatehouse.Consumers;
using Gatehouse.FunctionalTests.Stores;
using Gatehouse.Register;
using Gatehouse.TestKit;

namespace Gatehouse.FunctionalTests.Register;

/// <summary>What is changed in the register reaches three instances that share a real PostgreSQL, without a restart or a changed file.</summary>
public sealed class SpreadTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("KEY-5", "three instances")]
    [Control("KEY-6", "three instances")]
    public async Task Keys_are_issued_replaced_and_revoked_everywhere()
    {
        await using var postgres = await PostgresServer.StartAsync(Cancel);
        await using var front = await RegisteredFront.StartAsync(3, postgres.Connection, Cancel);
        var key = await front.IssueAsync(Cancel);
        await front.EverywhereAsync(200, key, Cancel);

        var next = ApiKeyText.Create();
        var end = TimeProvider.System.GetUtcNow().AddSeconds(10);
        await front.ChangeAsync(c => RegisterEdit.Rotate(c, key.Id, RegisteredFront.Issued(next), end), Cancel);
        await front.EverywhereAsync(200, next, Cancel);
        await front.EverywhereAsync(401, key, Cancel); // after the overlap

        await front.RevokeAsync(next, Cancel);
        await front.EverywhereAsync(401, next, Cancel);
        foreach (var gateway in front.Gateways)
        {
            await gateway.AccessLog.WaitForAsync(r => (string?)r["credentialId"] == next.Id, Cancel);
            await gateway.AccessLog.WaitForAsync(r => (string?)r["reason"] == "api key: revoked", Cancel);
            Assert.DoesNotContain(gateway.AccessLog.Lines, l => l.Contains(next.Key, StringComparison.Ordinal));
        }

        await front.RestartAsync(0, Cancel);
        Assert.Equal(401, await RegisteredFront.CallAsync(front.Gateways[0], key, Cancel));
        Assert.Equal(401, await RegisteredFront.CallAsync(front.Gateways[0], next, Cancel));
    }

    [Fact]
    public async Task Consumers_routes_and_credentials_are_suspended_and_resumed_everywhere()
    {
        await using var postgres = await PostgresServer.StartAsync(Cancel);
        await using var front = await RegisteredFront.StartAsync(3, postgres.Connection, Cancel);
        var (key, other) = (await front.IssueAsync(Cancel), await front.IssueAsync(Cancel, "till"));
        await front.EverywhereAsync(200, key, Cancel); // over connections that stay
        await front.EverywhereAsync(200, other, Cancel);

        await front.SuspendAsync(SuspendedKind.Consumer, "stock-sync", Cancel);
        await front.EverywhereAsync(403, key, Cancel);
        await front.EverywhereAsync(403, key, Cancel, "/open");
        Assert.Equal(200, await RegisteredFront.CallAsync(front.Gateways[0], other, Cancel));
        await front.ResumeAsync(SuspendedKind.Consumer, "stock-sync", Cancel);
        await front.EverywhereAsync(200, key, Cancel);

        await front.SuspendAsync(SuspendedKind.Credential, key.Id, Cancel);
        await front.EverywhereAsync(401, key, Cancel);
        await front.SuspendAsync(SuspendedKind.Route, RegisteredFront.Route, Cancel);
        await front.EverywhereAsync(503, other, Cancel);
        // whoever may not call it learns nothing of it
        Assert.Equal(401, await RegisteredFront.CallAsync(front.Gateways[1], null, Cancel));
        Assert.Equal(200, await RegisteredFront.CallAsync(front.Gateways[1], null, Cancel, "/open"));
        await front.ResumeAsync(SuspendedKind.Route, RegisteredFront.Route, Cancel);
        await front.EverywhereAsync(200, other, Cancel);
        foreach (var reason in (string[])["the consumer is suspended", "credential: suspended", "the route is suspended"])
            await Task.WhenAll(front.Gateways.Select(g => g.AccessLog.WaitForAsync(r => (string?)r["reason"] == reason, Cancel)));
        Assert.Equal(7L, await postgres.CommandAsync("SELECT count(*) FROM gatehouse_register_changes", Cancel));
    }

    [Fact]
    public async Task Instances_need_to_be_allowed_nothing_but_to_read()
    {
        await using var postgres = await PostgresServer.StartAsync(Cancel);
        await postgres.CommandAsync("CREATE ROLE reader LOGIN PASSWORD 'a reader'; REVOKE CREATE ON SCHEMA public FROM PUBLIC", Cancel);
        var connection = postgres.Connection.Replace($"Username={PostgresServer.User};Password={PostgresServer.Password}", "Username=reader;Password=a reader", StringComparison.Ordinal);
        await using var readers = await RegisteredFront.StartAsync(1, connection, Cancel);
        await using var front = await RegisteredFront.StartAsync(0, postgres.Connection, Cancel);
        await front.SuspendAsync(SuspendedKind.Route, "things/nothing", Cancel); // makes the tables
        await postgres.CommandAsync("GRANT SELECT ON gatehouse_register, gatehouse_keys, gatehouse_suspensions TO reader", Cancel);
        var key = await front.IssueAsync(Cancel);
        await readers.EverywhereAsync(200, key, Cancel);
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => readers.IssueAsync(Cancel));
    }
}
