using Gatehouse.Register;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace Gatehouse.Tests.Register;

/// <summary>What an instance knows of a register, for how long, and what it makes of a store that is lost, emptied and there again.</summary>
public sealed class KnownRegisterTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero));
    private readonly TestRegister _register;

    public KnownRegisterTests() => _register = new TestRegister(_clock);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _register.DisposeAsync();

    [Fact]
    public void Nothing_is_known_before_somebody_has_said_something()
    {
        var known = _register.Known;
        Assert.Equal((false, false, true, null), (known.Current.IsKnown, known.Current.IsQuiet, known.IsTooOld, known.Age));
    }

    [Fact]
    public async Task A_store_in_which_there_is_nothing_yet_says_that_nothing_is_suspended()
    {
        var known = await _register.StartAsync(Cancel);
        Assert.Equal((true, true, false), (known.Current.IsKnown, known.Current.IsQuiet, known.IsTooOld));
    }

    [Fact]
    [Control("KEY-6", "an instance asks once a second")]
    public async Task What_was_changed_is_known_a_second_later()
    {
        var known = await _register.StartAsync(Cancel);
        var key = await _register.IssueAsync("stock-sync", Cancel);
        await _register.CatchUpAsync(Cancel);
        var before = known.Current.Find(key.Id);
        Assert.Equal("stock-sync", before?.Key.Consumer);
        await _register.SuspendAsync(SuspendedKind.Consumer, "stock-sync", Cancel);
        await _register.CatchUpAsync(Cancel);
        Assert.Equal((false, "anna"), (known.Current.IsQuiet, known.Current.FindConsumer("stock-sync")?.By));
        Assert.Same(before, known.Current.Find(key.Id)); // so that what was made of it stays
    }

    [Fact]
    [Control("AVL-3", "the store of keys and suspensions")]
    public async Task Without_its_store_it_knows_what_it_knew_and_issued_keys_for_an_hour()
    {
        await _register.IssueAsync("stock-sync", Cancel);
        await _register.SuspendAsync(SuspendedKind.Route, "orders/get-order", Cancel);
        var known = await _register.StartAsync(Cancel);
        _register.Break();
        await PassAsync(() => known.IsLost);
        _clock.Advance(TimeSpan.FromMinutes(50));
        Assert.Equal((1, false), (known.Current.Keys, known.IsTooOld));
        _clock.Advance(TimeSpan.FromMinutes(11));
        Assert.True(known.IsTooOld);
        Assert.NotNull(known.Current.FindRoute("orders/get-order"));
        _register.Empty();
        await _register.IssueAsync("stock-sync", Cancel);
        await PassAsync(() => !known.IsTooOld && Count("was set back: 1 endings and suspensions") == 1);
        Assert.False(known.IsLost);
        Assert.Equal((1, 1), (Count("cannot be read ("), Count("can be read again")));
        Assert.Equal(1, Count("too old: issued keys are refused"));
        Assert.NotNull(known.Current.FindRoute("orders/get-order")); // the new store does not say that it is over
    }

    [Fact]
    public async Task A_store_that_was_emptied_is_a_store_that_is_lost()
    {
        await _register.SuspendAsync(SuspendedKind.Consumer, "web-shop", Cancel);
        var known = await _register.StartAsync(Cancel);
        _register.Empty();
        await PassAsync(() => Count("holds nothing of what was known") == 1);
        Assert.True(known.IsLost);
        Assert.NotNull(known.Current.FindConsumer("web-shop"));
    }

    [Fact]
    public async Task A_store_that_was_emptied_and_written_anew_is_read_even_if_as_much_was_changed()
    {
        var key = await _register.IssueAsync("stock-sync", Cancel);
        var known = await _register.StartAsync(Cancel);
        _register.Empty();
        var other = await _register.IssueAsync("stock-sync", Cancel); // version 1 again
        await _register.CatchUpAsync(Cancel);
        Assert.Equal((null, other.Id), (known.Current.Find(key.Id), known.Current.Find(other.Id)?.Key.Id));
    }

    [Fact]
    [Control("KEY-6", "a store that was set back")]
    public async Task A_store_that_was_set_back_and_changed_as_often_again_is_read()
    {
        await _register.IssueAsync("stock-sync", Cancel);
        _register.Copy();
        await _register.IssueAsync("stock-sync", Cancel);
        await _register.StartAsync(Cancel); // knows version 2
        _register.Restarted();
        _register.PutBack();
        await _register.SuspendAsync(SuspendedKind.Consumer, "web-shop", Cancel); // version 2 again

        var known = await _register.StartAsync(Cancel);

        Assert.NotNull(known.Current.FindConsumer("web-shop"));
        Assert.Equal((false, 1), (known.IsLost, known.Current.Keys));
    }

    [Fact]
    [Control("KEY-6", "a store that was emptied and then restored")]
    public async Task A_key_that_was_revoked_stays_so_when_a_store_that_lacked_it_has_it_again()
    {
        var key = await _register.IssueAsync("stock-sync", Cancel);
        _register.Copy();
        await _register.ChangeAsync(c => RegisterEdit.Revoke(c, key.Id, new Ending(_clock.GetUtcNow(), "ben", "it leaked")), Cancel);
        var known = await _register.StartAsync(Cancel);
        _register.Empty();
        await _register.IssueAsync("stock-sync", Cancel);
        await _register.CatchUpAsync(Cancel);
        _register.PutBack();
        await _register.CatchUpAsync(Cancel);
        Assert.Equal("it leaked", known.Current.Find(key.Id)?.Key.Revoked?.Reason);
        await PassAsync(() => Count("was set back: 1 endings and suspensions") == 2); // while it was lacking, and when it was there again
    }

    [Fact]
    [Control("KEY-6", "a restart without the store")]
    public async Task After_a_restart_it_knows_the_same_with_the_age_that_it_has()
    {
        var (key, revoked) = (await _register.IssueAsync("stock-sync", Cancel), await _register.IssueAsync("stock-sync", Cancel));
        await _register.ChangeAsync(c => RegisterEdit.Revoke(c, revoked.Id, new Ending(_clock.GetUtcNow(), "ben", "it leaked")), Cancel);
        await _register.SuspendAsync(SuspendedKind.Consumer, "web-shop", Cancel);
        await _register.StartAsync(Cancel);
        _register.Break();
        _register.Known.Dispose();
        _clock.Advance(TimeSpan.FromMinutes(30));

        _register.Restarted();
        var known = await _register.StartAsync(Cancel);

        Assert.Equal((true, false, true), (known.Current.IsKnown, known.IsTooOld, known.IsLost));
        Assert.NotNull(known.Current.Find(key.Id));
        Assert.Equal("it leaked", known.Current.Find(revoked.Id)?.Key.Revoked?.Reason);
        Assert.NotNull(known.Current.FindConsumer("web-shop"));
        _clock.Advance(TimeSpan.FromMinutes(31));
        Assert.True(known.IsTooOld);
        Assert.Equal(1, Count("begins with what was kept 1800 s ago"));
    }

    [Fact]
    public async Task What_nobody_with_the_pepper_has_kept_is_not_taken()
    {
        await _register.SuspendAsync(SuspendedKind.Consumer, "web-shop", Cancel);
        await _register.StartAsync(Cancel);
        _register.Break();
        var kept = File.ReadAllText(_register.Settings.Kept);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_register.Settings.Kept));
        File.WriteAllText(_register.Settings.Kept, kept.Replace("web-shop", "web-shot", StringComparison.Ordinal));
        _register.Restarted();
        var known = await _register.StartAsync(Cancel);
        Assert.Equal((false, true), (known.Current.IsKnown, known.IsTooOld));
        Assert.Equal(1, Count("nothing was kept of the register (its signature is not good)"));
    }

    [Fact]
    public async Task What_cannot_be_kept_is_told_once_and_kept_when_it_can()
    {
        Directory.CreateDirectory(_register.Settings.Kept);
        await _register.StartAsync(Cancel);
        await PassAsync(() => Count("cannot be kept") == 1);
        Directory.Delete(_register.Settings.Kept);
        await PassAsync(() => Count("can be kept again") == 1);
        Assert.True(File.Exists(_register.Settings.Kept));
        Assert.Equal(1, Count("cannot be kept"));
    }

    private async Task PassAsync(Func<bool> holds) => await Eventually.HoldsAsync(
        () =>
        {
            _clock.Advance(KnownRegister.LookEvery);
            return Task.FromResult(holds());
        },
        Cancel);

    private int Count(string part) => _register.Told.Split(part).Length - 1;
}
