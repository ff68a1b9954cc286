using Gatehouse.Audit;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Audit;

/// <summary>
/// Who can write to the store, and has no key, can also write a record that follows on the last one. It excuses nothing, and no gateway signs it.
/// </summary>
public sealed class ForgedExcuseTests : IDisposable
{
    private const int Count = 20;
    private readonly TestTrail _trail = new();

    public void Dispose() => _trail.Dispose();

    [Fact]
    [Control("AUD-2", "a retention that somebody else wrote is never signed")]
    public async Task A_forged_record_of_retention_excuses_nothing_also_after_the_next_start()
    {
        await _trail.WriteAsync(Count);
        Forge("edge-1", new() { Kind = AuditKind.Retention, Time = DayOfTrade.Begin, First = 1, Last = 10 });
        _trail.Change("UPDATE records SET line = NULL, personal = NULL WHERE sequence BETWEEN 3 AND 5");
        Assert.Equal(3, FaultOf("edge-1")?.Sequence);

        await _trail.WriteAsync(Count);

        Assert.Equal(3, FaultOf("edge-1")?.Sequence);
        Assert.Contains("1 records were set aside", _trail.Told, StringComparison.Ordinal);
    }

    [Fact]
    [Control("AUD-2", "an erasure that somebody else wrote is never signed")]
    public async Task A_forged_record_of_erasure_in_the_chain_of_a_command_line_excuses_nothing_once_that_goes_on()
    {
        await _trail.WriteAsync(Count);
        var origin = OriginOf("edge-1");
        Forge("cli-host", new()
        {
            Kind = AuditKind.Erasure,
            Time = DayOfTrade.Begin,
            First = 3,
            Last = 3,
            Details = [new(AuditDetail.Chain, origin), new(AuditDetail.Erased, ErasedValues.Write(3, ulong.MaxValue))],
        });
        _trail.Change("UPDATE records SET personal = NULL WHERE sequence = 3 AND chain = 1");
        Assert.Equal(3, FaultOf("edge-1")?.Sequence);

        await _trail.WriteAsync(1, o => o with { Instance = "cli-host" });

        Assert.Equal(3, FaultOf("edge-1")?.Sequence);
    }

    [Fact]
    [Control("AUD-6", "what somebody else says to be closed is open")]
    public async Task A_forged_closing_hides_nothing()
    {
        using (var trail = await _trail.BeginAsync()) Assert.True(await trail.WriteAsync(TestTrail.Sample(1, AuditKind.Intent)));
        await _trail.WriteAsync(1);
        var unknown = Assert.Single(_trail.Read(), r => r.Kind == AuditKind.Unknown);
        Assert.Null(FaultOf("edge-1"));
        Assert.Equal(1, VerdictOf("edge-1").Open);

        _trail.Change("DELETE FROM unknown");
        Forge("cli-host", new() { Kind = AuditKind.Closed, Time = DayOfTrade.Begin, Intent = unknown.Intent, Who = "anna", Reason = "none" });

        Assert.Equal(unknown.Sequence, FaultOf("edge-1")?.Sequence);
        Assert.Equal(1, VerdictOf("edge-1").Open);
        await _trail.WriteAsync(1, o => o with { Instance = "cli-host" });
        Assert.Equal(unknown.Sequence, FaultOf("edge-1")?.Sequence);
    }

    [Theory]
    [InlineData("UPDATE checkpoints SET open_from = 1000 WHERE size = 22")]
    [InlineData("UPDATE checkpoints SET frontier = zeroblob(96) WHERE size = 22")]
    [Control("AUD-2", "what a gateway goes on from")]
    public async Task What_stands_beside_a_checkpoint_has_to_follow_from_the_records(string edit)
    {
        await _trail.WriteAsync(Count);
        Assert.Null(FaultOf("edge-1"));

        _trail.Change(edit);

        Assert.Equal(22, FaultOf("edge-1")?.Sequence);
    }

    [Fact]
    public async Task An_open_exchange_that_is_listed_with_another_record_is_a_fault()
    {
        using (var trail = await _trail.BeginAsync()) Assert.True(await trail.WriteAsync(TestTrail.Sample(1, AuditKind.Intent)));
        await _trail.WriteAsync(1);
        var unknown = Assert.Single(_trail.Read(), r => r.Kind == AuditKind.Unknown);

        _trail.Change("UPDATE unknown SET sequence = 1");

        Assert.Equal(unknown.Sequence, FaultOf("edge-1")?.Sequence);
    }

    [Fact]
    [Control("AUD-4", "a whole chain of another instance")]
    public async Task A_chain_that_only_the_second_place_knows_is_missing()
    {
        await _trail.WriteAsync(Count);
        await _trail.WriteAsync(Count, o => o with { Instance = "edge-2" });
        await _trail.WriteAsync(Count, o => o with { Gateway = "back-door", Instance = "edge-3" });
        _trail.Change("DELETE FROM records WHERE chain > 1; DELETE FROM checkpoints WHERE chain > 1; DELETE FROM chains WHERE id > 1");

        var check = _trail.Check(withCopies: true);
        using var reader = SqliteAuditReader.Open(_trail.File);

        Assert.Null(Assert.Single(check.Check(reader)).Fault);
        Assert.Empty(check.Missing(ofSameInstances: true));
        Assert.Contains("/edge-2/", Assert.Single(check.Missing(ofSameInstances: false)), StringComparison.Ordinal); // of this gateway
    }

    [Fact]
    [Control("AUD-4", "all of a store")]
    public async Task An_empty_store_is_missing_all_that_the_second_place_knows()
    {
        await _trail.WriteAsync(Count);
        _trail.Change("DELETE FROM records; DELETE FROM checkpoints; DELETE FROM chains");

        var check = _trail.Check(withCopies: true);
        using var reader = SqliteAuditReader.Open(_trail.File);

        Assert.Empty(check.Check(reader));
        Assert.Contains("/edge-1/", Assert.Single(check.Missing(ofSameInstances: false)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_fails_for_it_unless_it_was_told_that_it_looks_at_a_part()
    {
        using var trade = await TradeTrail.WriteAsync(5);
        string[] verify = ["--key", trade.Trail.PublicKey, "--checkpoints", trade.Trail.Copies];
        Assert.Equal(0, (await trade.RunAsync("verify", verify)).ExitCode);
        await trade.Trail.WriteAsync(1, o => o with { Instance = "edge-2" });
        trade.Trail.Change("DELETE FROM records WHERE chain > 1; DELETE FROM checkpoints WHERE chain > 1; DELETE FROM chains WHERE id > 1");

        var whole = await trade.RunAsync("verify", verify);
        var part = await trade.RunAsync("verify", [.. verify, "--part"]);

        Assert.Equal(1, whole.ExitCode);
        Assert.Contains("IS MISSING", whole.Output, StringComparison.Ordinal);
        Assert.Equal(0, part.ExitCode);
        Assert.Contains("not in what was looked at", part.Output, StringComparison.Ordinal);
    }

    /// <summary>Appends a record as it has to be, by whoever has no key.</summary>
    private void Forge(string instance, AuditRecord record)
    {
        var options = _trail.Options with { Instance = instance, Key = null, Copies = null };
        var store = new SqliteAuditStore(_trail.File);
        var writer = new ChainWriter(store, ChainOpening.Open(store, options).State, options, TimeProvider.System);
        store.Begin();
        writer.Append(record);
        store.Commit();
        store.Close();
    }

    private ChainVerdict VerdictOf(string instance) => Assert.Single(_trail.Verify(), v => v.Chain.Instance == instance);

    private ChainFault? FaultOf(string instance) => VerdictOf(instance).Fault;

    private string OriginOf(string instance) => VerdictOf(instance).Chain.Origin;
}
