using Gatehouse.Register;

namespace Gatehouse.Tests.Register;

/// <summary>What changes do to the content of a register, and what an instance makes of a store that was emptied or set back.</summary>
public sealed class RegisterEditTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);
    private static readonly Ending Leaked = new(Now, "anna", "it leaked");

    private static IssuedKey Key(string id, int days = 30, Ending? revoked = null) =>
        new(id, "stock-sync", new byte[32], Now, Now.AddDays(days)) { By = "anna", Reason = "new", Revoked = revoked };

    private static Suspension Suspended(string name, DateTimeOffset? until = null, DateTimeOffset? since = null) =>
        new(SuspendedKind.Route, name, since ?? Now, until, "anna", "an incident");

    private static RegisterContent With(params IssuedKey[] keys) => new(new RegisterVersion(1, 1), keys, []);

    private static RegisterContent With(params Suspension[] suspensions) => new(new RegisterVersion(1, 1), [], suspensions);

    [Fact]
    public void An_issued_key_is_told_with_who_and_why_and_without_its_hash()
    {
        var edit = RegisterEdit.Issue(RegisterContent.Empty, Key("3f9k2m7q"));
        Assert.Equal("3f9k2m7q", Assert.Single(edit.Keys).Id);
        Assert.Equal(
            new RegisterChange("key-issued", "key 3f9k2m7q of stock-sync", Now, "anna", "new", "none", "live until 2026-12-26T12:00:00Z"),
            edit.Change);
        Assert.NotNull(RegisterEdit.Issue(With(Key("3f9k2m7q")), Key("3f9k2m7q")).Refusal);
    }

    [Fact]
    public void A_rotation_ends_the_old_key_after_the_overlap_and_never_later_than_before()
    {
        var next = Key("cccccccc", 300) with { Consumer = "" };
        var edit = RegisterEdit.Rotate(With(Key("aaaaaaaa"), Key("bbbbbbbb", days: 2)), "aaaaaaaa", next, Now.AddDays(7));
        Assert.Equal([("aaaaaaaa", Now.AddDays(7)), ("cccccccc", Now.AddDays(300))], edit.Keys.Select(k => (k.Id, k.Expires)));
        Assert.All(edit.Keys, k => Assert.Equal("stock-sync", k.Consumer));
        Assert.Equal("key-rotated", edit.Change!.What);
        var sooner = RegisterEdit.Rotate(With(Key("bbbbbbbb", days: 2)), "bbbbbbbb", Key("cccccccc"), Now.AddDays(7));
        Assert.Equal(Now.AddDays(2), sooner.Keys[0].Expires);
    }

    [Fact]
    public void What_has_ended_is_neither_rotated_nor_revoked_again()
    {
        var content = With(Key("aaaaaaaa", revoked: Leaked), Key("bbbbbbbb", days: -1));
        Assert.Contains("revoked", RegisterEdit.Rotate(content, "aaaaaaaa", Key("cccccccc"), Now).Refusal, StringComparison.Ordinal);
        Assert.Contains("expired", RegisterEdit.Rotate(content, "bbbbbbbb", Key("cccccccc"), Now).Refusal, StringComparison.Ordinal);
        Assert.Contains("it leaked", RegisterEdit.Revoke(content, "aaaaaaaa", Leaked).Refusal, StringComparison.Ordinal);
        Assert.Contains("no key", RegisterEdit.Revoke(content, "zzzzzzzz", Leaked).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_revoked_key_is_revoked_whatever_the_clocks_say()
    {
        var revoked = Key("aaaaaaaa", revoked: Leaked with { At = Now.AddMinutes(5) }); // by a machine whose clock is ahead
        Assert.Equal("revoked", revoked.StateAt(Now));
        var edit = RegisterEdit.Rotate(With(revoked), "aaaaaaaa", Key("cccccccc"), Now.AddDays(7));
        Assert.Contains("is revoked", edit.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_suspension_holds_until_its_end_or_until_somebody_says_so()
    {
        var suspended = Assert.Single(RegisterEdit.Suspend(RegisterContent.Empty, Suspended("orders/get-order", Now.AddHours(1))).Suspensions);
        Assert.Equal((true, false), (suspended.IsInForceAt(Now.AddMinutes(59)), suspended.IsInForceAt(Now.AddHours(1))));
        var edit = RegisterEdit.Resume(With(suspended), SuspendedKind.Route, "orders/get-order", new Ending(Now.AddMinutes(1), "ben", "mended"));
        Assert.False(Assert.Single(edit.Suspensions).IsInForceAt(Now.AddMinutes(2)));
        Assert.Equal(("resumed", "suspended until 2026-11-26T13:00:00Z", "not suspended"), (edit.Change!.What, edit.Change.Before, edit.Change.After));
        Assert.Contains("mended", RegisterEdit.Resume(With([.. edit.Suspensions]), SuspendedKind.Route, "orders/get-order", Leaked).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_said_after_something_else_counts_whatever_the_clocks_say()
    {
        var suspended = Suspended("orders/get-order", since: Now.AddMinutes(5)); // by a machine whose clock is ahead
        var mended = new Ending(Now, "ben", "mended");
        var resumed = Assert.Single(RegisterEdit.Resume(With(suspended), SuspendedKind.Route, "orders/get-order", mended).Suspensions);
        Assert.True(resumed.Changed > suspended.Changed);
        Assert.DoesNotContain(With(suspended).Followed(With(resumed), out _).Suspensions, s => s.IsInForceAt(Now.AddHours(1)));
        var again = Assert.Single(RegisterEdit.Suspend(With(resumed), Suspended("orders/get-order")).Suspensions);
        Assert.True(again.Changed > resumed.Changed && again.IsInForceAt(Now));
    }

    [Fact]
    public void What_was_ended_or_suspended_does_not_come_back_with_a_store_that_was_set_back()
    {
        IssuedKey[] ended = [Key("aaaaaaaa", revoked: Leaked), Key("bbbbbbbb", days: 7)];
        var known = new RegisterContent(new RegisterVersion(9, 1), ended, [Suspended("orders/get-order")]);
        var old = new RegisterContent(new RegisterVersion(5, 1), [Key("aaaaaaaa"), Key("bbbbbbbb", days: 300)], []);
        var followed = known.Followed(old, out var stricter);
        Assert.Equal(3, stricter);
        Assert.Equal(old.Version, followed.Version);
        Assert.Equal([("aaaaaaaa", Leaked, Now.AddDays(30)), ("bbbbbbbb", null, Now.AddDays(7))], followed.Keys.Select(k => (k.Id, k.Revoked, k.Expires)));
        Assert.True(Assert.Single(followed.Suspensions).IsInForceAt(Now));
    }

    [Fact]
    public void A_key_that_the_store_does_not_have_is_gone_and_all_else_is_followed()
    {
        var known = new RegisterContent(new RegisterVersion(1, 1), [Key("aaaaaaaa")], [Suspended("orders/get-order")]);
        var next = new RegisterContent(
            new RegisterVersion(2, 1), [Key("bbbbbbbb")],
            [Suspended("orders/get-order") with { Resumed = new Ending(Now.AddMinutes(1), "ben", "mended") }, Suspended("orders/put-order")]);
        var followed = known.Followed(next, out var stricter);
        Assert.Equal(0, stricter);
        Assert.Equal(["bbbbbbbb"], followed.Keys.Select(k => k.Id));
        Assert.Equal(["orders/put-order"], followed.Suspensions.Where(s => s.IsInForceAt(Now.AddMinutes(2))).Select(s => s.Name));
    }

    [Fact]
    public void A_revoked_key_that_the_store_does_not_have_stays_revoked_should_it_have_it_again()
    {
        var known = With(Key("aaaaaaaa", revoked: Leaked), Key("bbbbbbbb"));
        var emptied = known.Followed(With(Key("cccccccc")), out var stricter);
        Assert.Equal(1, stricter);
        Assert.Equal([("cccccccc", null), ("aaaaaaaa", Leaked)], emptied.Keys.Select(k => (k.Id, k.Revoked)));
        var restored = emptied.Followed(With(Key("aaaaaaaa"), Key("bbbbbbbb")), out stricter);
        Assert.Equal(1, stricter);
        Assert.Equal([("aaaaaaaa", Leaked), ("bbbbbbbb", null)], restored.Keys.Select(k => (k.Id, k.Revoked)));
    }

    [Fact]
    public void A_store_that_was_emptied_can_be_told_to_resume_what_instances_still_know()
    {
        var known = With(Suspended("orders/get-order"));
        var mended = new Ending(Now.AddMinutes(1), "ben", "mended");
        var edit = RegisterEdit.Resume(RegisterContent.Empty, SuspendedKind.Route, "orders/get-order", mended);
        Assert.DoesNotContain(known.Followed(With([.. edit.Suspensions]), out _).Suspensions, s => s.IsInForceAt(Now.AddHours(1)));
    }
}
