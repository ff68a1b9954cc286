using System.Net;
using System.Net.Http;
using Gatehouse.Audit;
using Gatehouse.Runtime;
using Gatehouse.TestKit;
using Microsoft.Data.Sqlite;

namespace Gatehouse.FunctionalTests.Accounts;

/// <summary>While the trail cannot be written nothing is changed, what only reads goes on, and afterwards all is as before.</summary>
public sealed class UnwritableTrailTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Control("AUD-7", "changes, and what comes into force")]
    [Control("AVL-3", "the audit trail")]
    public async Task What_cannot_be_recorded_is_not_done_and_reads_go_on()
    {
        await using var accounted = await Accounted.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await accounted.WriteAsync()).Status);
        var done = accounted.Upstream.Requests.Count;
        string refused;
        string read;
        using (Held(accounted.Store))
        {
            (var status, refused) = await accounted.WriteAsync();
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            var (action, _) = await accounted.CallAsync(HttpMethod.Post, "/orders/17/end", accounted.Machine(), "x");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, action);
            Assert.Equal(done, accounted.Upstream.Requests.Count);
            (status, read) = await accounted.CallAsync(HttpMethod.Get, "/orders/17", accounted.Person());
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(HttpStatusCode.OK, (await accounted.CallAsync(HttpMethod.Get, "/things/1", null)).Status);
            var next = accounted.Declaration.Replace("Orders for tests", "Other orders", StringComparison.Ordinal);
            Assert.Equal(ActivationOutcome.Unrecorded, (await accounted.Gateway.ReloadAsync(next, Cancel)).Outcome);
            Assert.Equal(1, accounted.Gateway.Running.Activation.Current.Revision);
            Assert.Contains("the audit trail", accounted.Gateway.Events, StringComparison.Ordinal);
        }

        await Eventually.HoldsAsync(async () => (await accounted.WriteAsync()).Status == HttpStatusCode.OK, Cancel);
        Assert.Single(await accounted.OfAsync(read)); // what was read in the meantime was kept
        var log = await accounted.Gateway.AccessLog.WaitForAsync(r => (string?)r["requestId"] == refused, Cancel);
        Assert.Equal(("record-unavailable", "intent"), ((string?)log["problem"], (string?)log["decidedBy"]));
        var ends = await accounted.OfAsync(refused);
        Assert.Equal((AuditOutcome.FailedBefore, "record-unavailable"), (ends[^1].Outcome, ends[^1].Problem));
        Assert.Equal(ActivationOutcome.Activated, (await accounted.Gateway.Running.ReloadAsync(Cancel)).Outcome); // it is tried again
    }

    [Fact]
    public async Task Where_there_was_never_a_trail_to_write_only_reads_are_served()
    {
        await using var accounted = await Accounted.StartAsync(text => text.Replace("trail.db", "missing/trail.db", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await accounted.WriteAsync()).Status);
        Assert.Empty(accounted.Upstream.Requests);
        Assert.Equal(HttpStatusCode.OK, (await accounted.CallAsync(HttpMethod.Get, "/orders/17", accounted.Person())).Status);
        Directory.CreateDirectory(Path.Combine(accounted.Gateway.Folder, "missing"));
        await Eventually.HoldsAsync(async () => (await accounted.WriteAsync()).Status == HttpStatusCode.OK, Cancel);
    }

    /// <summary>Keeps everybody else from writing to the file.</summary>
    private static SqliteConnection Held(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "BEGIN IMMEDIATE";
        command.ExecuteNonQuery();
        return connection;
    }
}
