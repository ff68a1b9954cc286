using Gatehouse.Stores;
using Gatehouse.Telemetry;
using Gatehouse.TestKit;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Gatehouse.Tests.Stores;

public sealed class StoreHealthTests : IDisposable
{
    private readonly StringWriter _told = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly StoreHealth _health;

    public StoreHealthTests() => _health = new StoreHealth("redis", 3, new EventWriter(_told, _clock), new StoreTally(), _clock);

    public void Dispose() => _told.Dispose();

    private int Told(string part) => _told.ToString().Split(part).Length - 1;

    [Fact]
    public void Is_not_fine_before_somebody_has_answered()
    {
        Assert.False(_health.IsFine);
        _health.Answered();
        Assert.True(_health.IsFine);
        Assert.Equal(1, Told("answers after"));
    }

    [Theory]
    [Control("AVL-3", "each change of the store is told once")]
    [InlineData(nameof(NoAnswer.Gone), 1, "cannot be reached")]
    [InlineData(nameof(NoAnswer.Failed), 1, "answers with errors")]
    [InlineData(nameof(NoAnswer.Slow), 3, "does not answer in time")]
    public void Is_lost_after(string why, int times, string told)
    {
        var reason = Enum.Parse<NoAnswer>(why);
        _health.Answered();
        for (var i = 1; i < times; i++) _health.Unanswered(reason);
        Assert.True(_health.IsFine);
        _health.Unanswered(reason);
        Assert.False(_health.IsFine);
        for (var i = 0; i < 10; i++) _health.Unanswered(reason);
        Assert.Equal((1, 1), (Told(told), (int)_health.Losses));
        _clock.Advance(TimeSpan.FromSeconds(12));
        _health.Answered();
        _health.Answered();
        Assert.Equal((true, 1), (_health.IsFine, Told("answers after 12.0 s")));
    }

    [Fact]
    public void Forgets_slow_answers_when_one_comes_in_time()
    {
        _health.Answered();
        for (var i = 0; i < 10; i++)
        {
            _health.Unanswered(NoAnswer.Slow);
            _health.Unanswered(NoAnswer.Slow);
            _health.Answered();
        }

        Assert.True(_health.IsFine);
    }
}
