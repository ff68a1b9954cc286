using Gatehouse.Register;
using Gatehouse.Runtime;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;

namespace Gatehouse.Tests.Runtime;

/// <summary>The register that is followed is the one of the snapshot in force, whatever else is compiled meanwhile.</summary>
public sealed class RegisterInForceTests : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly PolicyHarness _harness = new();
    private readonly StringWriter _told = new();
    private readonly Activation _activation;

    public RegisterInForceTests()
    {
        var compiler = new SnapshotCompiler(
            TimeProvider.System, _harness.State, _harness.AccessLog, _harness.Meter, PolicyCatalog.AfterRoute,
            new EventWriter(TextWriter.Synchronized(_told), TimeProvider.System));
        _activation = new Activation(Load("1h"), compiler, _harness.State);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private KnownRegister InForce => _activation.Current.Register!;

    [Fact]
    [Control("KEY-6", "whatever becomes of a reload")]
    public async Task It_is_followed_on_where_a_reload_could_not_be_recorded()
    {
        await InForce.FirstLook.WaitAsync(Patience.Limit, Cancel);
        _activation.Record = static _ => false;
        Assert.Equal(ActivationOutcome.Unrecorded, _activation.TryReplace(Load("2h")).Outcome);
        Assert.Equal(ActivationOutcome.Unchanged, _activation.TryReplace(Load("1h")).Outcome);

        await SuspendAsync("web-shop");
        await Eventually.HoldsAsync(() => Task.FromResult(InForce.Current.FindConsumer("web-shop") is not null), Cancel);
    }

    [Fact]
    public async Task Another_takes_its_place_with_the_snapshot_that_names_it()
    {
        var before = InForce;
        Assert.Equal(ActivationOutcome.Activated, _activation.TryReplace(Load("2h")).Outcome);
        Assert.NotSame(before, InForce);

        await SuspendAsync("web-shop");
        await Eventually.HoldsAsync(() => Task.FromResult(InForce.Current.FindConsumer("web-shop") is not null), Cancel);
        Assert.Null(before.Current.FindConsumer("web-shop"));
    }

    [Fact]
    [Control("KEY-6", "a reload that is taken back")]
    public async Task One_that_was_followed_before_begins_with_what_was_known_since()
    {
        var before = InForce;
        await before.FirstLook.WaitAsync(Patience.Limit, Cancel);
        Assert.Equal(ActivationOutcome.Activated, _activation.TryReplace(Load("2h")).Outcome);
        await SuspendAsync("web-shop");
        await Eventually.HoldsAsync(() => Task.FromResult(InForce.Current.FindConsumer("web-shop") is not null), Cancel);
        Break();

        Assert.Equal(ActivationOutcome.Activated, _activation.TryReplace(Load("1h")).Outcome);

        Assert.Same(before, InForce);
        Assert.NotNull(InForce.Current.FindConsumer("web-shop"));
        Assert.False(InForce.IsTooOld);
    }

    [Fact]
    public async Task One_that_was_followed_before_knows_nothing_where_nothing_was_kept()
    {
        await InForce.FirstLook.WaitAsync(Patience.Limit, Cancel);
        Assert.Equal(ActivationOutcome.Activated, _activation.TryReplace(Load("2h")).Outcome);
        Break();
        await Eventually.HoldsAsync(() => Task.FromResult(InForce.IsLost), Cancel);
        File.Delete(_folder.Of("kept"));

        Assert.Equal(ActivationOutcome.Activated, _activation.TryReplace(Load("1h")).Outcome);

        Assert.Equal((false, true, null), (InForce.Current.IsKnown, InForce.IsTooOld, InForce.Age));
    }

    public async ValueTask DisposeAsync()
    {
        InForce.Dispose();
        await _told.DisposeAsync();
        _folder.Dispose();
    }

    private async Task SuspendAsync(string consumer)
    {
        var settings = _activation.Current.Definition.Register!;
        await using var book = new RegisterBook(settings);
        var suspension = new Suspension(SuspendedKind.Consumer, consumer, TimeProvider.System.GetUtcNow(), null, "anna", "a test");
        Assert.Null(await book.ChangeAsync(content => RegisterEdit.Suspend(content, suspension), Cancel));
    }

    /// <summary>Makes the store unreadable, as a broken disk would.</summary>
    private void Break()
    {
        foreach (var more in (string[])["", "-wal", "-shm"]) File.Delete(_folder.Of("register.db") + more);
        File.WriteAllText(_folder.Of("register.db"), new string('x', 5000));
    }

    private LoadedDeclaration Load(string maxAge)
    {
        const string Log = "log: { access: access.log }\n";
        var register = $$"""
            {{Log}}keys: { pepper: "file:pepper" }
            stores: { sqlite: {{_folder.Of("register.db")}} }
            register: { store: sqlite, kept: {{_folder.Of("kept")}}, maxAge: {{maxAge}} }

            """;
        var loaded = SmallLoad.With(TimeProvider.System, Log, register, pepper: "a pepper of at least thirty-two bytes");
        Assert.NotNull(loaded.Definition);
        return loaded;
    }
}
