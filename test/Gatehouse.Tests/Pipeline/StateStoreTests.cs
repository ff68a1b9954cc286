using Gatehouse.Pipeline;
using Xunit;

namespace Gatehouse.Tests.Pipeline;

public sealed class StateStoreTests
{
    private sealed class Item : IDisposable
    {
        public bool Disposed { get; private set; }

        public void Dispose() => Disposed = true;
    }

    [Fact]
    public void Hands_out_one_item_for_one_kind_and_identity()
    {
        var store = new StateStore();
        var item = store.Get("limits", "a", () => new Item());
        Assert.Same(item, store.Get("limits", "a", () => new Item()));
        Assert.NotSame(item, store.Get("limits", "b", () => new Item()));
        Assert.NotSame(item, store.Get("health", "a", () => new Item()));
    }

    [Fact]
    public void Keeps_what_the_snapshot_in_force_or_the_one_before_uses()
    {
        var store = new StateStore();
        var item = store.Get("limits", "a", () => new Item());
        Assert.Equal(0, store.Sweep()); // the first snapshot uses it
        Assert.Equal(0, store.Sweep()); // the second does not: it is the snapshot in force, and the first is the one before
        Assert.False(item.Disposed);
        Assert.Equal(1, store.Sweep());
        Assert.True(item.Disposed);
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public void Keeps_what_every_other_snapshot_asks_for()
    {
        var store = new StateStore();
        var item = store.Get("limits", "a", () => new Item());
        for (var swap = 0; swap < 100; swap++)
        {
            if (swap % 2 == 0) Assert.Same(item, store.Get("limits", "a", () => new Item()));
            store.Sweep();
        }

        Assert.False(item.Disposed);
    }

    [Fact]
    public async Task Makes_one_item_however_many_ask_at_once()
    {
        var store = new StateStore();
        var made = 0;
        var cancellation = TestContext.Current.CancellationToken;
        var items = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => store.Get("limits", "a", () =>
            {
                made++; // under the store's lock
                return new Item();
            }),
            cancellation)));
        Assert.Equal(1, made);
        Assert.Single(items.Distinct());
    }
}
